import { type AdjustedStep, adjustedStep, type KnownSpans } from '../core/adjusted-step.ts';
import { binomialUpperTail } from '../core/binomial-tail.ts';
import type { IntentMetric, IntentTarget } from '../core/expectation.ts';
import { binLower } from '../core/log-bin.ts';
import type { ServiceStep } from '../core/service-step.ts';
import { weighedShare } from '../core/weighed-share.ts';

/** Chance that a step of a service exactly at its target is called violated; exact tests stay below it. */
export const STEP_ALPHA = 0.01;
/** Fewer requests, or spans that tell no more than so few would, are no step to judge by. */
const SAMPLES_MIN = 10;

export interface JudgedStep {
  readonly startMs: number;
  /** Adjusted count; null where weights are not known: then the share and the metric are of spans as received. */
  readonly requests: number | null;
  /** Share of requests on the wrong side: errors, or requests slower than the target. */
  readonly badRatio: number;
  /** The intent's metric itself: a ratio, or milliseconds. */
  readonly value: number;
  readonly state: 'violated' | 'not-violated' | 'too-few';
  readonly spans: number;
  /** Share of the spans whose weight is unknown. */
  readonly unknownRatio: number;
}

const QUANTILES: Readonly<Record<Exclude<IntentMetric, 'ok_ratio'>, number>> = {
  p50_ms: 0.5,
  p95_ms: 0.95,
  p99_ms: 0.99,
};

/**
 * Is the intent violated in this step beyond doubt? One-sided binomial test at `STEP_ALPHA` of the weighted share, exact
 * where all requests weigh the same; of others, on the number of requests that tells as much (`weighedShare`):
 * - `ok_ratio >= t`: errors among requests against 1 - t;
 * - `pQ_ms <= t`: requests in bins wholly above t against 1 - Q; the bin that t lies in counts as met, so a
 *   violation of less than a bin (9 %) can go unseen.
 * The other comparators are the mirror image. Not violated is not proof of being met.
 */
export function judgeStep(step: ServiceStep, intent: IntentTarget): JudgedStep {
  const adjusted = adjustedStep(step);
  const { count, requests, spans, unknownRatio } = adjusted;
  const wantsMore = intent.comparator === '>=';
  const quantile = intent.metric === 'ok_ratio' ? null : QUANTILES[intent.metric];
  const groups = adjusted.byWeight.map((one) => ({
    weight: one.weight,
    trials: one.spans,
    bad: quantile === null ? badByErrors(one, wantsMore) : badByDuration(one, intent.target, wantsMore),
  }));
  const room =
    quantile === null ? (wantsMore ? 1 - intent.target : intent.target) : wantsMore ? quantile : 1 - quantile;
  const allowed = Math.min(1, Math.max(0, room));
  const { bad, all, unit } = weighedShare(groups, allowed);
  const judged = {
    startMs: step.startMs,
    requests,
    badRatio: all === 0 ? 0 : bad / all,
    value:
      quantile === null ? 1 - (count === 0 ? 0 : adjusted.errors / count) : quantileMs(adjusted, quantile),
    spans,
    unknownRatio,
  };
  // Weights that are all the same leave a rounding of theirs in the effective number.
  if (adjusted.effectiveSamples < SAMPLES_MIN - 1e-9) return { ...judged, state: 'too-few' };
  const chance = binomialUpperTail(bad / unit, all / unit, allowed);
  return { ...judged, state: chance <= STEP_ALPHA ? 'violated' : 'not-violated' };
}

/** Chance of at least `violated` of `usable` steps being called so while the service is exactly at its target. */
export function falseAlarmRatio(violated: number, usable: number): number {
  return usable === 0 ? 1 : binomialUpperTail(violated, usable, STEP_ALPHA);
}

function badByErrors({ spans, errors }: KnownSpans, wantsMore: boolean): number {
  return wantsMore ? errors : spans - errors;
}

function badByDuration({ durationBins }: KnownSpans, targetMs: number, wantsMore: boolean): number {
  let bad = 0;
  for (const [bin, count] of durationBins) {
    const [fromMs, toMs] = [binLower(bin) / 1_000, binLower(bin + 1) / 1_000];
    if (wantsMore ? toMs <= targetMs : fromMs >= targetMs) bad += count;
  }
  return bad;
}

function quantileMs({ durationBins, count: requests }: AdjustedStep, quantile: number): number {
  let seen = 0;
  for (const [bin, count] of [...durationBins].sort(([a], [b]) => a - b)) {
    // Spans that stand for nothing (kept, but not by probability) leave bins of nothing.
    if (count > 0 && seen + count >= quantile * requests) {
      const [from, to] = [Math.max(0, binLower(bin)), binLower(bin + 1)];
      return (from + ((quantile * requests - seen) / count) * (to - from)) / 1_000;
    }
    seen += count;
  }
  return 0;
}
