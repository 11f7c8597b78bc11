import { describe, expect, it } from 'vitest';
import { sourceKey } from '../../../core/source.ts';
import { runServer, SERVER, type ServerRun } from '../../../eval/simulators/server-run.ts';
import { estimateMetricAgainstSpans } from '../../../validators/counters/estimate-metric-against-spans.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';

const KEY = sourceKey({ ...SERVER, serviceInstanceId: '', signal: 'traces' });

function estimate(run: ServerRun): LossEstimate {
  const { series, stored, nowMs } = runServer(run);
  return estimateMetricAgainstSpans(series, stored, nowMs).get(KEY) as LossEstimate;
}

describe('estimateMetricAgainstSpans', () => {
  it('finds requests without a span', () => {
    const lossy = estimate({ batchRatio: 0.2 });
    expect(lossy.veto).toBe(null);
    expect(lossy.slow.interval?.lower).toBeGreaterThan(0.05);
    expect(lossy.blame).toMatchObject({ at: 'source', name: 'checkout' });
  });

  it('leaves out a route that is never traced, and says so; not one that is', () => {
    const health = estimate({ health: 'untraced' });
    expect(health.slow.interval?.lower).toBe(0);
    expect(health.evidence['routesNotTraced']).toEqual(['/health']);
    expect(estimate({ health: 'traced' }).evidence['routesNotTraced']).toEqual([]);
  });

  it('weighs sampled spans by their threshold, and knows less', () => {
    const all = estimate({});
    const sampled = estimate({ sampled: { probability: 0.5, thresholdHex: '8' }, sdkDropped: 100 });
    expect(sampled.veto).toBe(null);
    expect(sampled.slow.interval?.lower).toBe(0);
    expect(sampled.slow.interval?.upper).toBeGreaterThan(all.slow.interval?.upper ?? 1);
  });

  it.each([
    ['SAMPLING_UNKNOWN', { sdkDropped: 100 }],
    ['SAMPLING_UNKNOWN', { sdkDropped: null }],
    ['SAMPLING_UNKNOWN', { sampled: { probability: 0.5, thresholdHex: 'XYZ' }, sdkDropped: 100 }],
    ['METRIC_OVERFLOW', { isOverflowing: true }],
    ['NOT_TRACED', { spanRatio: 1 }],
    ['SPANS_EXCEED_METRIC', { sampled: { probability: 0.5, thresholdHex: 'e' } }],
  ] as const)('vetoes: %s for %o', (code, run) => {
    expect(estimate(run).veto?.code).toBe(code);
  });

  // Beside each the coverage of 200 runs; single spans are covered too often, as the noise of the edges is added.
  it.each([
    ['single spans', 0.005, { spanRatio: 0.005 }], // 1
    ['single spans', 0.02, { spanRatio: 0.02 }], // 1
    ['single spans', 0.05, { spanRatio: 0.05 }], // 1
    ['single spans', 0.2, { spanRatio: 0.2 }], // 0.98
    ['batches', 0.005, { batchRatio: 0.005 }], // 0.95
    ['batches', 0.02, { batchRatio: 0.02 }], // 0.965
    ['batches', 0.05, { batchRatio: 0.05 }], // 0.97
    ['batches', 0.2, { batchRatio: 0.2 }], // 0.955
    ['sampled', 0.05, { spanRatio: 0.05, sampled: { probability: 0.5, thresholdHex: '8' } }], // 0.995
  ] as const)('covers the rate of loss: %s %d', (_name, truth, run) => {
    let covered = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const { slow } = estimate({ ...run, seed: seed * 7_919 });
      if (slow.interval !== null && slow.interval.lower <= truth && truth <= slow.interval.upper) covered++;
    }
    expect(covered / 200).toBeGreaterThanOrEqual(0.9);
  });

  it('never fails healthy traffic, and passes it at 1 % where there are exports enough to know', () => {
    const healthy = Array.from({ length: 100 }, (_, seed) =>
      estimate({ seed, exportMs: 1_000, perSecond: 100 }),
    );
    const passed = healthy.filter(({ slow }) => (slow.interval?.upper ?? 1) <= 0.01);
    expect(passed.length).toBeGreaterThanOrEqual(95);
    expect(healthy.filter(({ fast }) => (fast.interval?.lower ?? 1) > 0)).toEqual([]);
  });
});
