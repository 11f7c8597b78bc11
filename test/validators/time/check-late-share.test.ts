import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../core/random-from.ts';
import { cohortsOf, type Sending, simulatedArrivals } from '../../../eval/simulators/simulated-arrivals.ts';
import { checkLateShare, LATE_AGES } from '../../../validators/time/check-late-share.ts';
import { cohortRange, matureCohorts } from '../../../validators/time/mature-cohorts.ts';
import { runCount } from '../../run-count.ts';
import { NOW_MS } from '../tallies.ts';

const HEALTHY: Sending = {
  perSecond: 4,
  instances: 1,
  batchMs: 5_000,
  lateRatio: 0,
  stallBatches: 1,
  lateMsMin: 90_000,
  lateMsMax: 90_000,
};

const RUNS = runCount({ suite: 40, long: 100 });

function outcomes(change: Partial<Sending>, runs = RUNS) {
  const random = randomFrom(17);
  const counts = { pass: 0, unknown: 0, fail: 0 };
  for (let run = 0; run < runs; run++) {
    const arrivals = simulatedArrivals({ ...HEALTHY, ...change, minutes: 22, random });
    counts[checkLateShare(cohortsOf(arrivals, cohortRange(LATE_AGES, NOW_MS)), NOW_MS).outcome]++;
  }
  return counts;
}

describe('checkLateShare', () => {
  it('never fails a source whose records come in time, and passes one of four instances', () => {
    expect(outcomes({})).toMatchObject({ fail: 0 });
    expect(outcomes({ instances: 4, perSecond: 8 })).toEqual({ pass: RUNS, unknown: 0, fail: 0 });
  });

  it.each([1, 3])(
    'fails a share exactly at the limit in at most 5 of 100 evaluations: stalls of %d',
    (stallBatches) => {
      const counts = outcomes({ lateRatio: 0.05, stallBatches });
      expect(counts.fail / RUNS).toBeLessThanOrEqual(0.05);
    },
  );

  it('fails where a third of the batches is late', () => {
    expect(outcomes({ lateRatio: 0.33 }).fail / RUNS).toBeGreaterThan(0.8);
  });

  it('says what is missing when the source is young', () => {
    const arrivals = simulatedArrivals({ ...HEALTHY, minutes: 4, random: randomFrom(1) });
    const part = checkLateShare(cohortsOf(arrivals, cohortRange(LATE_AGES, NOW_MS)), NOW_MS);
    expect(part).toMatchObject({ outcome: 'unknown', interval: null, reasons: [{ code: 'TOO_FEW' }] });
  });
});

describe('matureCohorts', () => {
  it('learns from nothing that is younger than twice the greatest lateness', () => {
    const arrivals = simulatedArrivals({ ...HEALTHY, lateRatio: 0.05, minutes: 22, random: randomFrom(2) });
    const cohorts = cohortsOf(arrivals, cohortRange(LATE_AGES, NOW_MS));
    const greatestMs = Math.max(...cohorts.map(({ latenessMsMax }) => latenessMsMax));
    const mature = matureCohorts(cohorts, NOW_MS);
    expect(greatestMs).toBeGreaterThan(90_000);
    expect(mature).toHaveLength(60);
    expect(mature[0]?.endMs).toBeLessThanOrEqual(NOW_MS - 2 * greatestMs);
  });
});
