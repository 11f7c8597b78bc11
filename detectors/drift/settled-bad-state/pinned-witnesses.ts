import type { ServiceHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { COVERAGE_MIN, windowMean } from '../../equal-load/window-mean.ts';
import { bootstrapMeans } from '../../statistics/block-bootstrap.ts';
import { prefixMean } from '../../statistics/prefix-mean.ts';
import { once } from '../once.ts';
import type { Witness } from './witness.ts';

const DAY = 1_440;
const STEP = 10;
/** drift.md 3.2: share of a day at the limit, and how far above the accepted one. */
const SHARE_MIN = 0.3;
const OVER_ACCEPTED = 5;
const POINTS = 0.05;
const SHARE_CLOSED = 0.1;
const DRAWS = 200;

/** A pool that its autoscaler would enlarge, and may not, for a good part of a day. */
export function pinnedWitnesses(view: SystemView, service: ServiceHistory): Witness[] {
  const { replicas, replicasMax, replicasMin, cpuRatio, cpuTarget } = service.series;
  const intent = view.history.intent.services.get(service.name);
  if (replicas === undefined || (replicasMax === undefined && intent?.replicasMax == null)) return [];
  const at = (series: Float64Array | undefined, minute: number, or: number | null | undefined) =>
    series?.[minute] ?? or ?? Number.NaN;
  const { untilMinute } = view.accepted;
  const pinnedAt = (minute: number): number => {
    const size = replicas[minute] as number;
    const max = at(replicasMax, minute, intent?.replicasMax);
    const isFixed = at(replicasMin, minute, intent?.replicasMin) >= max;
    return isFixed || Number.isNaN(size) || Number.isNaN(max) ? Number.NaN : size >= max ? 1 : 0;
  };
  const pinnedMinutes = once(() => Float64Array.from(replicas, (_, minute) => pinnedAt(minute)));
  const accepted = once(() =>
    view.frozen(`pinned share of ${service.name}`, ({ fromMinute, untilMinute: end }) => {
      const { mean, coverageRatio } = windowMean(pinnedMinutes(), fromMinute, end);
      return coverageRatio < COVERAGE_MIN ? null : mean;
    }),
  );
  if (view.isFreezing) accepted();
  if (!isEverPinned()) return [];
  const acceptedShare = accepted();
  if (acceptedShare === null) return [];
  const pinned = prefixMean(pinnedMinutes());
  // Demand above the target while pinned; where it is not sent, being pinned must do.
  const pressure = prefixMean(
    pinnedMinutes().map((isPinned, minute) => {
      const target = at(cpuTarget, minute, intent?.cpuTarget);
      return isPinned === 1 ? at(cpuRatio, minute, null) / target : Number.NaN;
    }),
  );
  const limit = Math.max(SHARE_MIN, OVER_ACCEPTED * acceptedShare + POINTS);
  const isPinned = (minute: number) =>
    pinned.count(minute - DAY, minute) >= COVERAGE_MIN * DAY &&
    pinned.mean(minute - DAY, minute) >= limit &&
    !(pressure.mean(minute - DAY, minute) < 1);
  const witnesses: Witness[] = [];
  let detectedMinute: number | null = null;
  const end = view.history.minutes;
  for (let minute = untilMinute + STEP; minute <= end; minute += STEP) {
    if (detectedMinute === null) {
      if (isPinned(minute)) detectedMinute = minute;
    } else if (minute - detectedMinute >= DAY && pinned.mean(minute - DAY, minute) < SHARE_CLOSED) {
      witnesses.push(witness(detectedMinute, minute, acceptedShare));
      detectedMinute = null;
    }
  }
  if (detectedMinute !== null) witnesses.push(witness(detectedMinute, null, acceptedShare));
  return witnesses;

  /** In any minute that counts. */
  function isEverPinned(): boolean {
    for (let minute = Math.max(0, untilMinute - DAY); minute < view.history.minutes; minute++) {
      if (pinnedAt(minute) === 1) return true;
    }
    return false;
  }

  function witness(detected: number, closedMinute: number | null, acceptedShare: number): Witness {
    const share = pinned.mean(detected - DAY, detected);
    const day = pinnedMinutes().subarray(Math.max(0, detected - DAY), detected);
    const means = bootstrapMeans(day, { blockLength: 60, length: DAY, draws: DRAWS, seed: 1 });
    // A minute in a week, so that a pool that was never at its limit has a ratio.
    const before = Math.max(acceptedShare, 1e-4);
    const first = day.indexOf(1);
    const cpu = pressure.mean(detected - DAY, detected);
    return {
      service: service.name,
      callee: null,
      what: 'pinned',
      onsetMinute: Math.max(0, detected - DAY) + Math.max(0, first),
      detectedMinute: detected,
      closedMinute,
      rung: { blockMinutes: DAY, limit },
      confirmedMinute: detected,
      effect: {
        metric: 'replicas',
        ratio: share / before,
        lower: (means[Math.floor(0.025 * means.length)] ?? share) / before,
        upper: (means[Math.floor(0.975 * means.length)] ?? share) / before,
        atEqualLoad: false,
      },
      confidence: 0.99,
      text: `${service.name} stood at the largest pool it may have for ${Math.round(100 * share)} % of a day, against ${Math.round(100 * acceptedShare)} % in the accepted period${Number.isNaN(cpu) ? '' : `; its processors were then at ${cpu.toFixed(2)} times their target`}.`,
      evidence: {
        shareAtMax: share,
        acceptedShareAtMax: acceptedShare,
        limit,
        cpuOverTarget: Number.isNaN(cpu) ? null : cpu,
      },
    };
  }
}
