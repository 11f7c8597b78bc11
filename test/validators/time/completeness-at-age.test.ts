import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../core/random-from.ts';
import {
  cohortsOf,
  type Sending,
  shareHere,
  simulatedArrivals,
} from '../../../eval/simulators/simulated-arrivals.ts';
import { completenessAtAge } from '../../../validators/time/completeness-at-age.ts';
import { type Ages, cohortRange, matureCohorts } from '../../../validators/time/mature-cohorts.ts';
import { runCount } from '../../run-count.ts';
import { NOW_MS } from '../tallies.ts';

/** Of 200 runs each held 96 to 99 %, the long run in all. */
const RUNS = runCount({ suite: 100, long: 200 });
const LAST_MINUTE: Ages = { youngestMs: 0, oldestMs: 60_000 };
const SENDING: Sending = {
  perSecond: 8,
  instances: 1,
  batchMs: 5_000,
  lateRatio: 0.04,
  stallBatches: 1,
  lateMsMin: 5_000,
  lateMsMax: 60_000,
};

/** Minutes of 60 moments and of the greatest lateness bound for these settings. */
const MINUTES = 20;

/** In how many runs the lower end held: of the long run, and of what was there in that very window. */
function calibrate(sending: Sending, ages: Ages) {
  const random = randomFrom(11);
  const runs: { lower: number; actual: number }[] = [];
  for (let run = 0; run < RUNS; run++) {
    const arrivals = simulatedArrivals({ ...sending, minutes: MINUTES, random });
    const cohorts = matureCohorts(cohortsOf(arrivals, cohortRange(ages, NOW_MS)), NOW_MS);
    const { lower } = completenessAtAge(cohorts);
    const actual = shareHere(arrivals, ages);
    if (lower !== null && actual !== null) runs.push({ lower, actual });
  }
  const mean = (of: (run: { lower: number; actual: number }) => number) =>
    runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
  const truth = mean(({ actual }) => actual);
  return {
    asked: runs.length,
    truth,
    mean: mean(({ lower }) => lower),
    heldTruth: mean(({ lower }) => (lower <= truth ? 1 : 0)),
    heldWindow: mean(({ lower, actual }) => (lower <= actual ? 1 : 0)),
  };
}

describe('completenessAtAge', () => {
  it.each([
    ['batches of one instance', {}],
    ['four instances', { instances: 4 }],
    ['late batches in threes', { stallBatches: 3 }],
    ['seldom late', { lateRatio: 0.01 }],
    ['hardly ever late', { lateRatio: 0.001 }],
    ['often late', { lateRatio: 0.3 }],
    ['batches of a second', { batchMs: 1_000 }],
    ['batches of ten seconds', { batchMs: 10_000 }],
    ['two records a second', { perSecond: 2 }],
  ] as const)('the lower end holds in at least 95 %% of runs: %s', (_name, change) => {
    const result = calibrate({ ...SENDING, ...change }, LAST_MINUTE);
    expect(result.asked).toBe(RUNS);
    expect(result.heldTruth).toBeGreaterThanOrEqual(0.95);
    expect(result.heldWindow).toBeGreaterThanOrEqual(0.95);
  });

  it.each([
    ['ten seconds', { youngestMs: 10_000, oldestMs: 30_000 }],
    ['half a minute', { youngestMs: 30_000, oldestMs: 50_000 }],
  ] as const)('the lower end holds at an age: %s', (_name, ages) => {
    const result = calibrate(SENDING, ages);
    expect(result.asked).toBe(RUNS);
    expect(result.heldTruth).toBeGreaterThanOrEqual(0.95);
    expect(result.heldWindow).toBeGreaterThanOrEqual(0.95);
  });
});
