import type { Interval } from '../../core/interval.ts';
import type { Limits, Outcome, Reason } from '../../core/verdict.ts';

/** One question about the time of a source, answered with limits of its own; a verdict takes the worst. */
export interface TimePart {
  readonly id: 'silence' | 'late-share' | 'clock-skew' | 'future-stamps';
  readonly outcome: Outcome;
  readonly interval: Interval | null;
  readonly n: number;
  readonly limits: Limits;
  readonly window: { readonly startMs: number; readonly endMs: number };
  readonly reasons: readonly Reason[];
  readonly evidence: Readonly<Record<string, unknown>>;
}
