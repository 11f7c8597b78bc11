import type { Interval } from '../core/interval.ts';
import { judge, type Limits, type Outcome } from '../core/verdict.ts';

/** What one window says; `interval` null where it holds too little to say anything. `upper` may be Infinity. */
export interface WindowEstimate {
  readonly interval: Interval | null;
  readonly n: number;
  readonly startMs: number;
  readonly endMs: number;
  /** False where something other than the interval forbids a pass on this window. */
  readonly mayPass: boolean;
}

export interface WindowJudgement {
  readonly outcome: Outcome;
  /** The window whose numbers the verdict carries. */
  readonly decisive: WindowEstimate;
}

/**
 * The rule of the two windows, the same for every dimension.
 * - FAIL is the fast window's alone: what was bad ten minutes ago must not hold a source that has recovered.
 * - PASS is either window's: a slow exporter has too few batches in the fast one to ever pass there. The slow one
 *   may not pass what the fast one contradicts, that is, when the fast estimate lies above the warn limit: ten good
 *   minutes outweigh the first half minute of a fault, and a gate must not wait until they no longer do (20 % lost
 *   was held after 45 s, and is after 22 s). The price: one lost batch of a slow exporter makes it unknown for 40 s.
 * - Else unknown, with the numbers of the fast window where it has any.
 */
export function judgeWindows(
  windows: { readonly fast: WindowEstimate; readonly slow: WindowEstimate },
  limits: Limits,
): WindowJudgement {
  const { fast, slow } = windows;
  if (outcomeOf(fast, limits) === 'fail') return { outcome: 'fail', decisive: fast };
  if (outcomeOf(fast, limits) === 'pass') return { outcome: 'pass', decisive: fast };
  const contradicted = fast.interval !== null && fast.interval.estimate > limits.warn;
  if (outcomeOf(slow, limits) === 'pass' && !contradicted) return { outcome: 'pass', decisive: slow };
  return { outcome: 'unknown', decisive: fast.interval === null ? slow : fast };
}

function outcomeOf(window: WindowEstimate, limits: Limits): Outcome {
  if (window.interval === null) return 'unknown';
  const outcome = judge(window.interval.lower, window.interval.upper, limits);
  return outcome === 'pass' && !window.mayPass ? 'unknown' : outcome;
}
