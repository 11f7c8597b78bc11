import type { CohortTally } from '../../core/cohort-tally.ts';

/** Ages of the events that are asked about, ms: 0 and 60,000 for the last minute. */
export interface Ages {
  readonly youngestMs: number;
  readonly oldestMs: number;
}

/** Moments that are learned from; of fewer nothing is promised. */
export const COHORTS = 60;
/** Every fourth moment shares no event with the one before. */
export const COHORTS_PER_WIDTH = 4;
/** Of the width, between moments: 16.18 s for a minute, out of step with any export at whole seconds. */
const STEP_RATIO = 0.2697;
const BOUND_MS_MIN = 30_000;
const BOUND_MS_MAX = 600_000;

/**
 * The cohorts of one source that may be learned from: the newest 60 with events whose last is older than the *lateness
 * bound*, twice the greatest lateness among all that are given, at least 30 s, at most 10 min. The younger look better
 * than they are, as what is late in them is not here yet: of lateness with P(L <= 30 s) = 96.3 % the last minute claims
 * 98.9 % (quality.md 3.3, T4). What comes later than 10 min is history that is sent again; no cohort waits for it.
 * @returns newest first
 */
export function matureCohorts(cohorts: readonly CohortTally[], nowMs: number): CohortTally[] {
  const latest = cohorts.reduce((max, { latenessMsMax }) => Math.max(max, latenessMsMax), 0);
  const boundMs = Math.min(BOUND_MS_MAX, Math.max(BOUND_MS_MIN, 2 * latest));
  return cohorts
    .filter(({ endMs, items }) => items > 0 && endMs + boundMs <= nowMs)
    .sort((a, b) => b.askedMs - a.askedMs)
    .slice(0, COHORTS);
}

/** What to read for `matureCohorts`: as far back as the greatest bound needs. */
export function cohortRange(ages: Ages, nowMs: number) {
  const stepMs = Math.round(STEP_RATIO * (ages.oldestMs - ages.youngestMs));
  return { ...ages, stepMs, fromMs: nowMs - BOUND_MS_MAX - COHORTS * stepMs, untilMs: nowMs };
}
