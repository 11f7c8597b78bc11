import type { CohortTally } from '../../core/cohort-tally.ts';
import { judge, type Limits, type Reason } from '../../core/verdict.ts';
import { completenessAtAge } from './completeness-at-age.ts';
import { type Ages, COHORTS, matureCohorts } from './mature-cohorts.ts';
import type { TimePart } from './time-part.ts';

/** Events that are a minute old, up to two: what is not here by then is late. */
export const LATE_AGES: Ages = { youngestMs: 60_000, oldestMs: 120_000 };
/** quality.md 2.3. */
const LATE_LIMITS: Limits = { warn: 0.01, fail: 0.05 };

/**
 * Is what is a minute old here? The interval is of the share that is not, of the quarter of an hour before the lateness
 * bound. A pass within 1 % takes some 380 batches: two instances that export every 5 s have them, one has not.
 * False alarms: a share exactly at the limit failed in none of 100 simulated evaluations, for
 * single late batches and for three in a row; one in time never does (test).
 * @param cohorts of one source read with `cohortRange(LATE_AGES)`, mature or not
 */
export function checkLateShare(
  cohorts: readonly CohortTally[],
  nowMs: number,
  limits: Limits = LATE_LIMITS,
): TimePart {
  const mature = matureCohorts(cohorts, nowMs);
  const { late, n, batches } = completenessAtAge(mature);
  const interval = mature.length < COHORTS ? null : late;
  const outcome = interval === null ? 'unknown' : judge(interval.lower, interval.upper, limits);
  return {
    id: 'late-share',
    outcome,
    interval,
    n,
    limits,
    window: { startMs: mature.at(-1)?.startMs ?? nowMs, endMs: mature[0]?.endMs ?? nowMs },
    reasons: outcome === 'pass' ? [] : [reasonOf()],
    evidence: { ageMs: LATE_AGES.youngestMs, batches: Math.round(batches), moments: mature.length },
  };

  function reasonOf(): Reason {
    if (interval === null) {
      const text = `Only ${mature.length} moments with records are long enough ago to learn from, ${COHORTS} are needed; wait, or see whether the source is asked so seldom.`;
      return { code: 'TOO_FEW', text };
    }
    const range = `${percent(interval.lower)} to ${percent(interval.upper)}`;
    const share = `${percent(interval.estimate)} (${range}) of ${n} records came later than ${LATE_AGES.youngestMs / 1_000} s after their event`;
    return outcome === 'fail'
      ? {
          code: 'LATE_SHARE',
          text: `${share}, the limit is ${percent(limits.fail)}; look for retries and backlogs between the source and us.`,
        }
      : {
          code: 'LATE_SHARE_UNDECIDED',
          text: `${share}; that may lie on either side of the limits ${percent(limits.warn)} and ${percent(limits.fail)}.`,
        };
  }
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
