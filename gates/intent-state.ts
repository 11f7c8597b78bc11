import { adjustedStep, type KnownSpans } from '../core/adjusted-step.ts';
import type { IntentTarget } from '../core/expectation.ts';
import { wilson } from '../core/interval.ts';
import { binLower } from '../core/log-bin.ts';
import type { ServiceStep } from '../core/service-step.ts';
import { not, type Ternary } from '../core/ternary.ts';
import { weighedShare } from '../core/weighed-share.ts';

/** Whether a service keeps what people wrote about it, over the last minutes. */
export interface IntentState {
  readonly intent: IntentTarget;
  readonly isMet: Ternary;
  /** Requests the answer rests on, an adjusted count; null where the weights of spans are unknown. */
  readonly requests: number | null;
  /** Share of requests on the wrong side of the target: lower and upper end with 95 % confidence. */
  readonly wrong: { readonly lower: number; readonly upper: number } | null;
  /** How it stood before; left out where nobody kept watch. */
  readonly history?: IntentHistory;
}

/** Since when it is met without a break, as far as it was watched; and when it was last seen missed. */
export interface IntentHistory {
  readonly metSinceMs: number | null;
  readonly missedAtMs: number | null;
}

/** Below this many requests, or spans that tell as much as so few, a ratio says nothing either way. */
const REQUESTS_MIN = 30;

const QUANTILE: Readonly<Record<string, number>> = { p50_ms: 0.5, p95_ms: 0.95, p99_ms: 0.99 };

/** Share of requests that may lie on the wrong side. */
function wrongRatioMax({ metric, target }: IntentTarget): number {
  return metric === 'ok_ratio' ? 1 - target : 1 - (QUANTILE[metric] as number);
}

/** Spans surely and possibly wrong: a bin that holds the target itself may be either. */
function wrongCounts(
  { metric, target }: IntentTarget,
  { errors, durationBins }: KnownSpans,
): { sure: number; possible: number } {
  if (metric === 'ok_ratio') return { sure: errors, possible: errors };
  let sure = 0;
  let possible = 0;
  for (const [bin, count] of durationBins) {
    if (binLower(bin) > 1_000 * target) sure += count;
    if (binLower(bin + 1) > 1_000 * target) possible += count;
  }
  return { sure, possible };
}

/**
 * Holds one intent against the last minutes: missed when surely more requests are wrong than the target leaves
 * room for, met when surely not, else unknown (too few requests, too near to tell, or nobody knows how many requests
 * the spans stand for: a share of spans as received may be that of the sampler).
 * Both kinds of target are one question: `p95 <= 250 ms` says that at most 5 % take longer than 250 ms.
 */
export function intentState(intent: IntentTarget, steps: readonly ServiceStep[]): IntentState {
  const whole = adjustedStep({ startMs: 0, byWeight: steps.flatMap((step) => step.byWeight) });
  const { requests, effectiveSamples, byWeight } = whole;
  if (requests === null || effectiveSamples < REQUESTS_MIN - 1e-9) {
    return { intent, isMet: 'unknown', requests, wrong: null };
  }
  const room = wrongRatioMax(intent);
  const counted = byWeight.map((one) => ({
    weight: one.weight,
    trials: one.spans,
    ...wrongCounts(intent, one),
  }));
  const wrongOf = (which: 'sure' | 'possible') => {
    const groups = counted.map((one) => ({ ...one, bad: one[which] }));
    const { bad, all, unit } = weighedShare(groups, Math.min(1, Math.max(0, room)));
    return wilson(bad / unit, all / unit);
  };
  const lower = wrongOf('sure').lower;
  const upper = wrongOf('possible').upper;
  const missed: Ternary = lower > room ? 'true' : upper <= room ? 'false' : 'unknown';
  return { intent, isMet: not(missed), requests, wrong: { lower, upper } };
}
