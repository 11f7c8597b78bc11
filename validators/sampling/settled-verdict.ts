import type { Interval } from '../../core/interval.ts';
import { rfc3339 } from '../../core/time.ts';
import type { SettledSampling } from './judge-settled-sampling.ts';
import type { SamplingCheck } from './sampling-check.ts';

/** A minute is settled about two after it ended; what ended longer ago than this is no word about now. */
const SETTLED_AGE_MS_MAX = 300_000;

/** Counts that were right once must not open a gate when nobody settles any more. */
export function whileFresh(settled: SettledSampling | null, nowMs: number): SettledSampling | null {
  return settled !== null && settled.window.endMs >= nowMs - SETTLED_AGE_MS_MAX ? settled : null;
}

/** What a verdict is made of where adjusted counts were shown to be wrong: how far they are off; null where they were not. */
export function wrongCounts(settled: SettledSampling | null) {
  if (settled === null || settled.purposes.counts.outcome !== 'fail') return null;
  const { window, purposes, checks, tolerance } = settled;
  return {
    limits: { warn: tolerance, fail: tolerance },
    outcome: 'fail' as const,
    interval: deviationOf(checks.c3),
    n: checks.c3.n,
    window,
    reasons: purposes.counts.reasons,
  };
}

/** |Y/N - 1|. */
function deviationOf({ estimate, lower, upper }: SamplingCheck): Interval | null {
  if (estimate === null || lower === null || upper === null) return null;
  const ends = [Math.abs(lower - 1), Math.abs(upper - 1)];
  return {
    estimate: Math.abs(estimate - 1),
    lower: lower <= 1 && upper >= 1 ? 0 : Math.min(...ends),
    upper: Math.max(...ends),
  };
}

/** What the sampling is good for, every check behind it, and what it was held against. */
export function describeSettled({
  purposes,
  checks,
  diagnoses,
  counter,
  notCounting,
  window,
}: SettledSampling) {
  return {
    settledWindow: { start: rfc3339(window.startMs), end: rfc3339(window.endMs) },
    purposes: Object.fromEntries(
      Object.entries(purposes).map(([purpose, { outcome, reasons }]) => [purpose, { outcome, reasons }]),
    ),
    checks: Object.fromEntries(Object.entries(checks).map(([id, { evidence: _, ...check }]) => [id, check])),
    diagnoses,
    counter,
    notCounting,
  };
}
