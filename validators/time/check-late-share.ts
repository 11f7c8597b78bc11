import type { CohortTally } from '../../core/cohort-tally.ts';
import { judge, type Limits, type Reason } from '../../core/verdict.ts';
import { completenessAtAge } from './completeness-at-age.ts';
import { COHORT_MS, COHORTS, matureCohorts } from './mature-cohorts.ts';
import type { TimePart } from './time-part.ts';

/** Lost for who waits so long; what comes later is late (quality.md 2.3). */
const AGE_MS = 60_000;
const LATE_LIMITS: Limits = { warn: 0.01, fail: 0.05 };

/**
 * Is what is a minute old here? The interval is of the share that is not, two-sided 90 %.
 * False alarms: a share exactly at the limit fails in at most 5 % of evaluations (test), a healthy one in none seen.
 * @param cohorts of one source, mature or not
 */
export function checkLateShare(
  cohorts: readonly CohortTally[],
  nowMs: number,
  { ageMs = AGE_MS, limits = LATE_LIMITS }: { ageMs?: number; limits?: Limits } = {},
): TimePart {
  const mature = matureCohorts(cohorts, nowMs);
  const at = completenessAtAge(mature, { youngestMs: ageMs, oldestMs: ageMs });
  const isKnown = mature.length >= COHORTS;
  const outcome = isKnown && at.late !== null ? judge(at.late.lower, at.late.upper, limits) : 'unknown';
  const startMs = mature.at(-1)?.startMs ?? nowMs;
  return {
    id: 'late-share',
    outcome,
    interval: isKnown ? at.late : null,
    n: at.n,
    limits,
    window: { startMs, endMs: mature[0]?.endMs ?? nowMs },
    reasons: outcome === 'pass' ? [] : [reasonOf()],
    evidence: { ageMs, batches: Math.round(at.batches), cohorts: at.cohorts, cohortMs: COHORT_MS },
  };

  function reasonOf(): Reason {
    const age = `${ageMs / 1_000} s`;
    if (!isKnown || at.late === null) {
      const text = `Only ${mature.length} stretches of ${COHORT_MS / 1_000} s with records are old enough to learn from, ${COHORTS} are needed; wait, or see whether the source is asked so seldom.`;
      return { code: 'TOO_FEW', text };
    }
    const share = `${percent(at.late.estimate)} (${percent(at.late.lower)} to ${percent(at.late.upper)}) of ${at.n} records came later than ${age} after their event`;
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
