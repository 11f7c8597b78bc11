import { median, medianAbsoluteDeviation } from 'simple-statistics';
import { trendOf } from './trend-of.ts';

export interface SettledStep {
  readonly atMs: number;
  /** Spreads of the reference away from it (`scoreOf`, not clipped); null where the sample is missing. */
  readonly score: number | null;
  /** From the contract channel: it deviates, to the bad side. */
  readonly deviates: boolean;
  /** The load, deploy or retry burst that explains it is still there. */
  readonly triggered: boolean;
}

export interface SettledRecord {
  readonly sinceMs: number;
  /** Spreads from the reference, minus deviations from what an adaptive baseline has come to expect. */
  readonly divergence: number;
}

const DURATION_MS = 6 * 3_600_000;
const KNOWN_RATIO_MIN = 0.75;
/** The last share of the duration that is held against all of it. */
const NOW_RATIO = 1 / 12;
const BLOCKS = 12;
const ADAPTIVE_Z_MAX = 1;
const SPREAD_RATIO_MAX = 1.5;
/** 95 %: the slope's interval contains 0. */
const TREND_Z_MAX = 1.96;
const DIVERGENCE_MIN = 3;

/**
 * Has a bad state settled? A decision over the two channels, no statistic of its own. It opens when over the whole
 * duration (six hours) the contract deviates on the bad side, the trigger is gone, and an adaptive baseline of that
 * duration has come to rest: nothing new to it, no more spread than 1.5 of the reference's, no trend. The number that
 * says "learned as normal" is the divergence: far from what was accepted, close to what is expected by now.
 *
 * Time alone never closes a record: it stays open until somebody accepts it, reverts the change or sets another
 * reference, so `previous` comes back as it is.
 * @param steps of a regular grid in time order, the last one now
 * @param of.previous the open record, null of none
 */
export function settledState(
  steps: readonly SettledStep[],
  of: { readonly previous: SettledRecord | null; readonly durationMs?: number },
): SettledRecord | null {
  if (of.previous !== null) return of.previous;
  const durationMs = of.durationMs ?? DURATION_MS;
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined || last.atMs - first.atMs < durationMs) return null;
  const recent = steps.filter(({ atMs }) => atMs > last.atMs - durationMs);
  if (recent.some(({ deviates, triggered }) => !deviates || triggered)) return null;
  const scores = recent.flatMap(({ score }) => score ?? []);
  if (scores.length < KNOWN_RATIO_MIN * recent.length) return null;
  const level = median(scores);
  const spread = 1.4826 * medianAbsoluteDeviation(scores);
  const now = median(scores.slice(-Math.max(1, Math.round(NOW_RATIO * scores.length))));
  // A state without any spread still has rounding; a hundredth of the reference's is none.
  const adaptiveZ = Math.abs(now - level) / Math.max(0.01, spread);
  const divergence = Math.abs(level) - adaptiveZ;
  const isAtRest = adaptiveZ < ADAPTIVE_Z_MAX && spread <= SPREAD_RATIO_MAX && isFlat(recent);
  return isAtRest && divergence > DIVERGENCE_MIN ? { sinceMs: startOf(steps), divergence } : null;
}

function isFlat(steps: readonly SettledStep[]): boolean {
  const blocks = Array.from({ length: BLOCKS }, (_, k) => {
    const [from, to] = [k, k + 1].map((end) => Math.round((end * steps.length) / BLOCKS));
    const scores = steps.slice(from, to).flatMap(({ score }) => score ?? []);
    return scores.length === 0 ? null : median(scores);
  });
  const trend = trendOf(blocks);
  return trend !== null && Math.abs(trend.z) < TREND_Z_MAX;
}

/** First step of the deviation that reaches to the end. */
function startOf(steps: readonly SettledStep[]): number {
  const before = steps.findLastIndex(({ deviates }) => !deviates);
  return (steps[before + 1] as SettledStep).atMs;
}
