import type { IntentTarget } from '../core/expectation.ts';
import { wilson } from '../core/interval.ts';
import { binLower } from '../core/log-bin.ts';
import type { ServiceStep } from '../core/service-step.ts';
import { not, type Ternary } from '../core/ternary.ts';

/** Whether a service keeps what people wrote about it, over the last minutes. */
export interface IntentState {
  readonly intent: IntentTarget;
  readonly isMet: Ternary;
  /** Requests the answer rests on. */
  readonly requests: number;
  /** Share of requests on the wrong side of the target: lower and upper end with 95 % confidence. */
  readonly wrong: { readonly lower: number; readonly upper: number } | null;
}

/** Below this many requests a ratio says nothing either way. */
const REQUESTS_MIN = 30;

const QUANTILE: Readonly<Record<string, number>> = { p50_ms: 0.5, p95_ms: 0.95, p99_ms: 0.99 };

/** Share of requests that may lie on the wrong side. */
function wrongRatioMax({ metric, target }: IntentTarget): number {
  return metric === 'ok_ratio' ? 1 - target : 1 - (QUANTILE[metric] as number);
}

/** Requests surely and possibly wrong: a bin that holds the target itself may be either. */
function wrongCounts(
  { metric, target }: IntentTarget,
  steps: readonly ServiceStep[],
): { sure: number; possible: number } {
  if (metric === 'ok_ratio') {
    const errors = steps.reduce((sum, step) => sum + step.errors, 0);
    return { sure: errors, possible: errors };
  }
  let sure = 0;
  let possible = 0;
  for (const { durationBins } of steps) {
    for (const [bin, count] of durationBins) {
      if (binLower(bin) > 1_000 * target) sure += count;
      if (binLower(bin + 1) > 1_000 * target) possible += count;
    }
  }
  return { sure, possible };
}

/**
 * Holds one intent against the last minutes: missed when surely more requests are wrong than the target leaves
 * room for, met when surely not, else unknown (too few requests, or too near to tell).
 * Both kinds of target are one question: `p95 <= 250 ms` says that at most 5 % take longer than 250 ms.
 */
export function intentState(intent: IntentTarget, steps: readonly ServiceStep[]): IntentState {
  const requests = steps.reduce((sum, step) => sum + step.requests, 0);
  if (requests < REQUESTS_MIN) return { intent, isMet: 'unknown', requests, wrong: null };
  const { sure, possible } = wrongCounts(intent, steps);
  const lower = wilson(Math.min(sure, requests), requests).lower;
  const upper = wilson(Math.min(possible, requests), requests).upper;
  const room = wrongRatioMax(intent);
  const missed: Ternary = lower > room ? 'true' : upper <= room ? 'false' : 'unknown';
  return { intent, isMet: not(missed), requests, wrong: { lower, upper } };
}
