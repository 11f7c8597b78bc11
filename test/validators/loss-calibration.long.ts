import { describe, expect, it } from 'vitest';
import { wilson } from '../../core/interval.ts';
import { serviceKey } from '../../core/service-key.ts';
import { edgesOfShop, type Loss, serviceOf } from '../../eval/simulators/shop-of-edges.ts';
import { measureLoss } from '../../validators/measure-loss.ts';

const START_MS = 1_700_000_000_000;
/** Of the slow window, fewer: each takes ten milliseconds. */
const RUNS = { fast: 200, slow: 100 };
const X = serviceKey(serviceOf('x'));

interface Setting extends Loss {
  readonly window: 'fast' | 'slow';
  readonly batchSeconds: number;
  readonly instances: number;
}

/** How often the 95 % interval held the true ratio, and how often x would have failed at 5 % or passed at 1 %. */
function calibrate(setting: Setting) {
  const seconds = setting.window === 'fast' ? 40 : 600;
  const runs = RUNS[setting.window];
  let [covered, plain, failed, passed] = [0, 0, 0, 0];
  for (let run = 0; run < runs; run++) {
    const { edges, lostRatio } = edgesOfShop({
      calls: [{ from: 'x', to: 'y', perSecond: 20 }],
      losses: { x: setting },
      seconds,
      batchSeconds: setting.batchSeconds,
      instances: setting.instances,
      seed: 7_919 * run + 1,
      startMs: START_MS,
    });
    const loss = measureLoss(edges, { untilMs: START_MS + seconds * 1_000, lagMs: 5_000 }, new Set());
    const { interval, n } = loss[setting.window].get(X) ?? { interval: null, n: 0 };
    const naive = wilson((lostRatio['x'] ?? 0) * n, n);
    if (naive.lower <= setting.ratio && naive.upper >= setting.ratio) plain++;
    if (interval === null) continue;
    if (interval.lower <= setting.ratio && interval.upper >= setting.ratio) covered++;
    if (interval.lower > 0.05) failed++;
    if (interval.upper <= 0.01) passed++;
  }
  return { covered: covered / runs, plain: plain / runs, failed: failed / runs, passed: passed / runs };
}

describe('calibration of the lost share, nominal 95 %', () => {
  // Beside each setting the coverage of 200 runs; the bound leaves room for the noise of these.
  it.each([
    [{ window: 'slow', by: 'span', ratio: 0.05, batchSeconds: 5, instances: 1 }, 0.92], // 0.95
    [{ window: 'slow', by: 'batch', ratio: 0.05, batchSeconds: 5, instances: 1 }, 0.9], // 0.94
    [{ window: 'slow', by: 'batch', ratio: 0.05, batchSeconds: 5, instances: 4 }, 0.9], // 0.96
    [{ window: 'slow', by: 'batch', ratio: 0.3, batchSeconds: 5, instances: 4 }, 0.88], // 0.93
    [{ window: 'slow', by: 'batch', ratio: 0.1, batchSeconds: 10, instances: 1 }, 0.9], // 0.93
    [{ window: 'fast', by: 'span', ratio: 0.1, batchSeconds: 5, instances: 1 }, 0.95], // 0.975
    [{ window: 'fast', by: 'batch', ratio: 0.1, batchSeconds: 1, instances: 1 }, 0.92], // 0.95
    [{ window: 'fast', by: 'batch', ratio: 0.1, batchSeconds: 5, instances: 1 }, 0.92], // 0.97
    [{ window: 'fast', by: 'batch', ratio: 0.3, batchSeconds: 5, instances: 4 }, 0.87], // 0.9: nine buckets
    // Batches six times the widest bucket: less than promised, as batchAwareInterval says.
    [{ window: 'slow', by: 'batch', ratio: 0.1, batchSeconds: 30, instances: 1 }, 0.78], // 0.88
  ] as const)('%o covers at least %d', (setting, bound) => {
    const { covered } = calibrate(setting);
    expect(covered).toBeGreaterThanOrEqual(bound);
  });

  it('holds where a plain Wilson interval does not', () => {
    const { covered, plain } = calibrate({
      window: 'slow',
      by: 'batch',
      ratio: 0.05,
      batchSeconds: 5,
      instances: 1,
    });
    expect(plain).toBeLessThan(0.5);
    expect(covered).toBeGreaterThan(0.9);
  });

  it.each([
    ['single spans', { window: 'fast', by: 'span', ratio: 0.05, batchSeconds: 5, instances: 1 }],
    ['batches', { window: 'fast', by: 'batch', ratio: 0.05, batchSeconds: 5, instances: 1 }],
    ['short batches', { window: 'fast', by: 'batch', ratio: 0.05, batchSeconds: 1, instances: 1 }],
  ] as const)('fails a loss exactly at the limit in at most 5 %% of windows: %s', (_name, setting) => {
    expect(calibrate(setting).failed).toBeLessThanOrEqual(0.05);
  });

  it.each([
    ['single spans', { window: 'slow', by: 'span', ratio: 0.01, batchSeconds: 1, instances: 1 }],
    ['batches', { window: 'slow', by: 'batch', ratio: 0.01, batchSeconds: 1, instances: 1 }],
  ] as const)('passes a loss exactly at the limit in at most 5 %% of windows: %s', (_name, setting) => {
    expect(calibrate(setting).passed).toBeLessThanOrEqual(0.05);
  });
});
