import type { ServiceHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { COVERAGE_MIN } from '../../equal-load/window-mean.ts';
import { bootstrapMeans } from '../../statistics/block-bootstrap.ts';
import { prefixMean } from '../../statistics/prefix-mean.ts';
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
  const pinnedMinutes = replicas.map((size, minute) => {
    const max = at(replicasMax, minute, intent?.replicasMax);
    const isFixed = at(replicasMin, minute, intent?.replicasMin) >= max;
    return isFixed || Number.isNaN(size) || Number.isNaN(max) ? Number.NaN : size >= max ? 1 : 0;
  });
  const pinned = prefixMean(pinnedMinutes);
  // Demand above the target while pinned; where it is not sent, being pinned must do.
  const pressure = prefixMean(
    pinnedMinutes.map((isPinned, minute) => {
      const target = at(cpuTarget, minute, intent?.cpuTarget);
      return isPinned === 1 ? at(cpuRatio, minute, null) / target : Number.NaN;
    }),
  );
  const { fromMinute, untilMinute } = view.accepted;
  if (pinned.count(fromMinute, untilMinute) < COVERAGE_MIN * (untilMinute - fromMinute)) return [];
  const accepted = pinned.mean(fromMinute, untilMinute);
  const limit = Math.max(SHARE_MIN, OVER_ACCEPTED * accepted + POINTS);
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
      witnesses.push(witness(detectedMinute, minute));
      detectedMinute = null;
    }
  }
  if (detectedMinute !== null) witnesses.push(witness(detectedMinute, null));
  return witnesses;

  function witness(detected: number, closedMinute: number | null): Witness {
    const share = pinned.mean(detected - DAY, detected);
    const day = pinnedMinutes.subarray(Math.max(0, detected - DAY), detected);
    const means = bootstrapMeans(day, { blockLength: 60, length: DAY, draws: DRAWS, seed: 1 });
    // A minute in a week, so that a pool that was never at its limit has a ratio.
    const before = Math.max(accepted, 1e-4);
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
      text: `${service.name} stood at the largest pool it may have for ${Math.round(100 * share)} % of a day, against ${Math.round(100 * accepted)} % in the accepted period${Number.isNaN(cpu) ? '' : `; its processors were then at ${cpu.toFixed(2)} times their target`}.`,
      evidence: {
        shareAtMax: share,
        acceptedShareAtMax: accepted,
        limit,
        cpuOverTarget: Number.isNaN(cpu) ? null : cpu,
      },
    };
  }
}
