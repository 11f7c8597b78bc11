import type { ServiceHistory } from '../../../core/system-history.ts';
import { usualResiduals } from '../../equal-load/frozen-noise.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { COVERAGE_MIN } from '../../equal-load/window-mean.ts';
import { bootstrapMeans } from '../../statistics/block-bootstrap.ts';
import { type PrefixMean, prefixMean } from '../../statistics/prefix-mean.ts';
import { once } from '../once.ts';
import { confirmedMinute } from './confirmed-minute.ts';
import { badStretches, type Rung, type Stretch } from './ladder.ts';
import { latencyResiduals, poolOf } from './latency-signal.ts';
import type { Witness } from './witness.ts';

const METRICS = ['p50Ms', 'meanMs'] as const;
const HOUR = 60;
const SLOW_MINUTES = 360;
const DRAWS = 200;
/** Slow rule of drift.md 3.2; pools below six replicas: 0.6 over their number. */
const SHIFT_MIN = 0.12;
const SMALL_POOL = 6;
const SMALL_POOL_SHIFT = 0.6;
/** The slow limit is this far outside of what six hours of the accepted period did. */
const USUAL_FACTOR = 2;
const FAST_SHIFT = 0.5;
const MIDDLE_SHIFT = 0.25;

export interface LatencySignal {
  readonly metric: string;
  readonly residuals: PrefixMean;
  /** Limit of the slow rule, as a logarithm: `least`, or more where the accepted period scattered more. */
  readonly limit: () => number;
  readonly least: number;
  /** Residuals of the accepted period. */
  readonly usual: () => Float64Array;
}

/** @returns null: no latency or load is sent, or the accepted period covers less than half: cannot say */
export function latencySignal(view: SystemView, service: ServiceHistory): LatencySignal | null {
  const metric = METRICS.find((one) => service.series[one] !== undefined);
  const values = metric === undefined ? null : latencyResiduals(view, service, metric);
  if (metric === undefined || values === null) return null;
  const residuals = prefixMean(values);
  const name = `latency of ${service.name}`;
  const isCovered = view.frozen(
    `${name} is covered`,
    ({ fromMinute, untilMinute }) =>
      residuals.count(fromMinute, untilMinute) >= COVERAGE_MIN * (untilMinute - fromMinute),
    service.name,
  );
  if (isCovered !== true) return null;
  const usual = () => usualResiduals(view, { name, service: service.name }, values) ?? new Float64Array();
  const least = Math.log1p(smallestShift(view, service));
  // What it is drawn from is large: asked for where something is beyond the least limit.
  const limit = once(() => {
    const highest = view.frozen(`${name} at most`, () => {
      const sixHours = bootstrapMeans(usual(), {
        blockLength: HOUR,
        length: SLOW_MINUTES,
        draws: DRAWS,
        seed: 1,
      });
      return sixHours[Math.floor(0.99 * sixHours.length)] ?? 0;
    });
    return Math.max(least, USUAL_FACTOR * (highest ?? Number.POSITIVE_INFINITY));
  });
  if (view.isFreezing) limit();
  return { metric, residuals, limit, least, usual };
}

function rungsOf(limit: number): Rung[] {
  return [
    { blockMinutes: 10, limit: Math.max(Math.log1p(FAST_SHIFT), 2 * limit) },
    { blockMinutes: 30, limit: Math.max(Math.log1p(MIDDLE_SHIFT), 1.5 * limit) },
    { blockMinutes: 60, limit },
  ];
}

export function latencyWitnesses(view: SystemView, service: string, signal: LatencySignal): Witness[] {
  const over = { fromMinute: view.accepted.untilMinute, untilMinute: view.history.minutes };
  // What is inside the least limit is inside every other.
  if (badStretches(signal.residuals, rungsOf(signal.least), over).length === 0) return [];
  return badStretches(signal.residuals, rungsOf(signal.limit()), over).map((stretch) =>
    witnessOf(view, service, signal, stretch),
  );
}

function smallestShift(view: SystemView, service: ServiceHistory): number {
  const pool = poolOf(view, service);
  if (pool?.varies !== true) return SHIFT_MIN;
  const usual = pool.mean ?? Number.NaN;
  return usual < SMALL_POOL ? Math.max(SHIFT_MIN, SMALL_POOL_SHIFT / Math.max(1, usual)) : SHIFT_MIN;
}

function witnessOf(view: SystemView, service: string, signal: LatencySignal, stretch: Stretch): Witness {
  const { onsetMinute, detectedMinute } = stretch;
  const { residuals } = signal;
  const shift = residuals.mean(onsetMinute, detectedMinute);
  const means = bootstrapMeans(signal.usual(), {
    blockLength: HOUR,
    length: detectedMinute - onsetMinute,
    draws: DRAWS,
    seed: 1,
  });
  const quantile = (p: number) => means[Math.min(means.length - 1, Math.floor(p * means.length))] as number;
  const above = means.filter((mean) => mean >= shift).length;
  const known = residuals.count(onsetMinute, detectedMinute) / (detectedMinute - onsetMinute);
  const effect = {
    metric: signal.metric,
    ratio: Math.exp(shift),
    lower: Math.exp(shift - quantile(0.975)),
    upper: Math.exp(shift - quantile(0.025)),
    atEqualLoad: true,
  };
  return {
    ...stretch,
    service,
    callee: null,
    what: 'latency',
    confirmedMinute: confirmedMinute(residuals, stretch, view.history.minutes),
    effect,
    confidence: Math.min(0.99, 1 - (above + 1) / (means.length + 1)),
    text: `${service} takes ${percent(effect.ratio)} longer than in the accepted period at equal load (${percent(effect.lower)} to ${percent(effect.upper)}), with ${Math.round(100 * known)} % of minutes at loads it knew.`,
    evidence: {
      hourlyResiduals: hours(residuals, detectedMinute),
      limit: signal.limit(),
      knownLoadRatio: known,
    },
  };
}

/** The day before, by the hour. */
export function hours(signal: PrefixMean, untilMinute: number): (number | null)[] {
  return Array.from({ length: 24 }, (_, hour) => {
    const from = untilMinute - (24 - hour) * HOUR;
    const mean = signal.mean(from, from + HOUR);
    return Number.isNaN(mean) ? null : mean;
  });
}

function percent(ratio: number): string {
  return `${(100 * (ratio - 1)).toFixed(0)} %`;
}
