import type { ServiceHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { COVERAGE_MIN } from '../../equal-load/window-mean.ts';
import { bootstrapMeans } from '../../statistics/block-bootstrap.ts';
import { type PrefixMean, prefixMean } from '../../statistics/prefix-mean.ts';
import { once } from '../once.ts';
import { confirmedMinute } from './confirmed-minute.ts';
import { badStretches, type Rung, type Signal } from './ladder.ts';
import { hours } from './latency-witnesses.ts';
import type { Witness } from './witness.ts';

/** Points above the reference, by block length: drift.md 3.2 has 2 % fast and 0.3 % slow. */
const FAST_EXCESS = 0.02;
const MIDDLE_EXCESS = 0.01;
/** Below the slow rule's 0.3 points: what a failover leaves behind is that small, and counts are exact. */
const SLOW_EXCESS = 0.002;
/** The slow limit is this far above the accepted share, and above what six hours of it did. */
const USUAL_FACTOR = 3;
/** More errors than expected by this many deviations, and by this many at all: a single failure is no state. */
const DEVIATIONS = 4;
const ERRORS_MIN = 10;
const DRAWS = 200;

export interface ErrorSignal extends Signal {
  readonly excess: PrefixMean;
  /** Share of failed requests in the accepted period. */
  readonly accepted: number;
  /** Of the slow rule: `least`, or more where the accepted period did worse at times. */
  readonly limit: () => number;
  readonly least: number;
}

/**
 * Share of failed requests a minute above that of the accepted period, at loads that were seen in it.
 * @param knownLoads 1 or 0 a minute; null is not known
 * @returns null: errors or load are not sent, or mostly unknown in the accepted period
 */
export function errorSignal(
  view: SystemView,
  service: ServiceHistory,
  knownLoads: () => Uint8Array | null,
): ErrorSignal | null {
  const { requests, errors } = service.series;
  if (requests === undefined || errors === undefined) return null;
  const isKnownLoad = knownLoads();
  if (isKnownLoad === null) return null;
  const name = `errors of ${service.name}`;
  const isKnown = (i: number) => isKnownLoad[i] === 1 && !Number.isNaN(errors[i]);
  const accepted = view.frozen(
    `${name} as accepted`,
    ({ fromMinute, untilMinute }) => {
      let [failed, total, known] = [0, 0, 0];
      for (let minute = fromMinute; minute < untilMinute; minute++) {
        if (!isKnown(minute)) continue;
        failed += errors[minute] as number;
        total += requests[minute] as number;
        known++;
      }
      return known < COVERAGE_MIN * (untilMinute - fromMinute) ? null : failed / Math.max(1, total);
    },
    service.name,
  );
  if (accepted === null) return null;
  const ratios = new Float64Array(errors.length);
  for (let i = 0; i < ratios.length; i++) {
    const of = requests[i] as number;
    ratios[i] = isKnownLoad[i] === 1 && of > 0 ? (errors[i] as number) / of - accepted : Number.NaN;
  }
  const least = Math.max(SLOW_EXCESS, USUAL_FACTOR * accepted);
  const limit = once(() => {
    const highest = view.frozen(
      `${name} at most`,
      ({ fromMinute, untilMinute }) => {
        const usual = bootstrapMeans(ratios.subarray(fromMinute, untilMinute), {
          blockLength: 60,
          length: 360,
          draws: DRAWS,
          seed: 1,
        });
        return usual[Math.floor(0.99 * usual.length)] ?? 0;
      },
      service.name,
    );
    return Math.max(least, USUAL_FACTOR * (highest ?? Number.POSITIVE_INFINITY));
  });
  if (view.isFreezing) limit();
  const excess = prefixMean(ratios);
  const sums = once(() => {
    const known = (series: Float64Array) =>
      prefixMean(series.map((value, i) => (isKnown(i) ? value : Number.NaN)));
    return { total: known(requests), failed: known(errors) };
  });
  return {
    excess,
    accepted,
    limit,
    least,
    mean: excess.mean,
    count: excess.count,
    isMaterial(from, until) {
      const { total, failed } = sums();
      const expected = accepted * total.sum(from, until);
      return failed.sum(from, until) > expected + DEVIATIONS * Math.sqrt(expected) + ERRORS_MIN;
    },
  };
}

function rungsOf(limit: number): Rung[] {
  return [
    { blockMinutes: 10, limit: Math.max(FAST_EXCESS, 2 * limit) },
    { blockMinutes: 30, limit: Math.max(MIDDLE_EXCESS, 1.5 * limit) },
    { blockMinutes: 60, limit },
  ];
}

export function errorWitnesses(view: SystemView, service: string, signal: ErrorSignal): Witness[] {
  const { excess, accepted, mean, count } = signal;
  const over = { fromMinute: view.accepted.untilMinute, untilMinute: view.history.minutes };
  // What is inside the least limit is inside every other; what is material is seen after that.
  if (badStretches({ mean, count }, rungsOf(signal.least), over).length === 0) return [];
  const limit = signal.limit();
  return badStretches(signal, rungsOf(limit), over).map((stretch) => {
    const { onsetMinute, detectedMinute, rung } = stretch;
    const seen = excess.mean(onsetMinute, detectedMinute);
    const means = bootstrapMeans(minutesOf(excess, onsetMinute, detectedMinute), {
      blockLength: rung.blockMinutes,
      length: detectedMinute - onsetMinute,
      draws: DRAWS,
      seed: 1,
    });
    // One failure in the accepted period at least, so that a service that never failed has a ratio.
    const before = Math.max(accepted, 1e-5);
    return {
      ...stretch,
      service,
      callee: null,
      what: 'errors' as const,
      confirmedMinute: confirmedMinute(signal, stretch, view.history.minutes),
      effect: {
        metric: 'errors',
        ratio: (seen + accepted) / before,
        lower: ((means[Math.floor(0.025 * means.length)] ?? seen) + accepted) / before,
        upper: ((means[Math.floor(0.975 * means.length)] ?? seen) + accepted) / before,
        atEqualLoad: true,
      },
      confidence: 0.99,
      text: `${share(seen + accepted)} of the requests to ${service} fail, against ${share(accepted)} in the accepted period at the same loads.`,
      evidence: { hourlyExcess: hours(excess, detectedMinute), acceptedRatio: accepted, limit },
    };
  });
}

function minutesOf(signal: PrefixMean, from: number, until: number): Float64Array {
  return Float64Array.from({ length: until - from }, (_, i) => signal.mean(from + i, from + i + 1));
}

function share(ratio: number): string {
  return `${(100 * ratio).toFixed(ratio < 0.01 ? 2 : 1)} %`;
}
