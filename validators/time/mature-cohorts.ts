import type { CohortTally } from '../../core/cohort-tally.ts';

/** Cohorts that are learned from: with 20, the next falls below the worst of them once in 21. */
export const COHORTS = 20;
/** What a cohort spans; a window that is asked about should be as long or longer. */
export const COHORT_MS = 30_000;
const BOUND_MS_MIN = 30_000;
const BOUND_MS_MAX = 600_000;

/**
 * The cohorts of one source that may be learned from: the newest 20 that hold records and have ended longer ago than
 * the *lateness bound*, twice the greatest lateness among all that are given, at least 30 s, at most 10 min. Those who
 * are younger look better than they are, as their late records are not here yet: of lateness with P(L <= 30 s) =
 * 96.3 % the last minute claims 98.9 % (quality.md 3.3, T4). What comes later than 10 min is history that is sent
 * again, and no cohort waits for it.
 */
export function matureCohorts(cohorts: readonly CohortTally[], nowMs: number): CohortTally[] {
  const latest = cohorts.reduce((max, { latenessMsMax }) => Math.max(max, latenessMsMax), 0);
  const boundMs = Math.min(BOUND_MS_MAX, Math.max(BOUND_MS_MIN, 2 * latest));
  return cohorts
    .filter(({ endMs, items }) => items > 0 && endMs + boundMs <= nowMs)
    .sort((a, b) => b.startMs - a.startMs)
    .slice(0, COHORTS);
}
