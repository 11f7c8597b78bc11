import { describe, expect, it } from 'vitest';
import type { StreamsOfService } from '../../../core/stream-tally.ts';
import { type Fleet, simulateStreams } from '../../../eval/simulators/simulated-streams.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';
import { estimateMissedIntervals } from '../../../validators/structure/estimate-missed-intervals.ts';
import { NOW_MS } from '../tallies.ts';

const estimate = (of: StreamsOfService) =>
  [...estimateMissedIntervals([of], NOW_MS).values()][0] as LossEstimate;
const simulate = (fleet: Partial<Fleet>) => estimate(simulateStreams({ seed: 1, endMs: NOW_MS, ...fleet }));

describe('calibration of missed intervals, nominal 95 %', () => {
  /** Of 200 runs at a true 95.5 % (1,500 runs) one setting showed 91.5 %: too few to hold a bound of 93. */
  const RUNS = 500;

  function calibrate(fleet: Partial<Fleet> & { loss: NonNullable<Fleet['loss']> }) {
    const covered = { fast: 0, slow: 0 };
    let [failed, runs] = [0, 0];
    for (let run = 0; run < RUNS; run++) {
      const one = simulate({ ...fleet, series: 6, seed: run * 104_729 + 3 });
      if (one.veto !== null || one.fast.interval === null || one.slow.interval === null) continue;
      runs++;
      const { ratio } = fleet.loss;
      for (const window of ['fast', 'slow'] as const) {
        const interval = one[window].interval;
        if (interval !== null && interval.lower <= ratio && interval.upper >= ratio) covered[window]++;
      }
      if (one.fast.interval.lower > 0.05) failed++;
    }
    return { fast: covered.fast / runs, slow: covered.slow / runs, failed: failed / runs, runs };
  }

  // Beside each setting the coverage of the fast and of the slow window. Single lost points of one process are covered
  // too often: how they were lost cannot be told from ten exports, so the worst, whole exports, is allowed for.
  it.each([
    [{ writers: 1, loss: { ratio: 0.005, by: 'point' } }], // 0.970, 0.974
    [{ writers: 1, loss: { ratio: 0.02, by: 'point' } }], // 0.992, 0.980
    [{ writers: 1, loss: { ratio: 0.05, by: 'point' } }], // 0.990, 0.984
    [{ writers: 1, loss: { ratio: 0.2, by: 'point' } }], // 0.996, 0.982
    [{ writers: 1, loss: { ratio: 0.005, by: 'export' } }], // 0.964, 0.972
    [{ writers: 1, loss: { ratio: 0.02, by: 'export' } }], // 0.992, 0.964
    [{ writers: 1, loss: { ratio: 0.05, by: 'export' } }], // 0.952, 0.982
    [{ writers: 1, loss: { ratio: 0.2, by: 'export' } }], // 0.994, 0.960
    [{ writers: 4, loss: { ratio: 0.005, by: 'export' } }], // 0.964, 0.966
    [{ writers: 4, loss: { ratio: 0.02, by: 'export' } }], // 0.968, 0.964
    [{ writers: 4, loss: { ratio: 0.05, by: 'export' } }], // 0.978, 0.958
    [{ writers: 4, loss: { ratio: 0.2, by: 'export' } }], // 0.976, 0.963
  ] as const)('covers: %j', (fleet) => {
    const { fast, slow, runs } = calibrate(fleet);
    expect(runs).toBeGreaterThan(0.95 * RUNS);
    expect(fast).toBeGreaterThanOrEqual(0.93);
    expect(slow).toBeGreaterThanOrEqual(0.93);
  });

  it.each(['point', 'export'] as const)(
    'by %s: fails a loss exactly at the limit in at most one of twenty windows',
    (by) => {
      const { failed } = calibrate({ loss: { ratio: 0.05, by } });
      expect(failed).toBeLessThanOrEqual(0.05);
    },
  );

  it('raises no alarm over healthy processes that come late, begin, end and rest', () => {
    let seen = 0;
    for (let run = 0; run < 1_000; run++) {
      const { fast, slow, evidence } = simulate({
        seed: run * 31 + 7,
        writers: 1 + (run % 5),
        series: 5,
        intervalMs: [5_000, 10_000, 30_000, 60_000][run % 4] as number,
        jitterRatio: 0.3,
        churnRatio: 0.3,
        temporality: run % 3 === 0 ? 'delta' : 'cumulative',
      });
      seen += slow.n;
      expect(evidence['missedPoints']).toBe(0);
      expect(Math.max(fast.interval?.lower ?? 0, slow.interval?.lower ?? 0)).toBe(0);
    }
    expect(seen).toBeGreaterThan(100_000);
  });
});
