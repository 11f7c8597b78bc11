import { describe, expect, it } from 'vitest';
import { sourceKey } from '../../../core/source.ts';
import { runServer, SERVER, type ServerRun } from '../../../eval/simulators/server-run.ts';
import { estimateMetricAgainstSpans } from '../../../validators/counters/estimate-metric-against-spans.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';
import { runCount } from '../../run-count.ts';

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

  it('says apart what it sees of the time that others see, as it waits longer for its spans', () => {
    // Judged at 695 s: the fast window ends half a minute before, the part that others see begins at 655 s.
    const over = estimate({ batchRatio: 0.5, reportMs: 5_000, lostUntilMs: 650_000 });
    expect(over.fast.interval?.estimate).toBeGreaterThan(0.05);
    expect(over.recent).toMatchObject({ interval: { estimate: 0 } });
    expect(over.recent?.startMs).toBeGreaterThan(over.fast.startMs);
    const goesOn = estimate({ spanRatio: 0.5, reportMs: 5_000 });
    expect(goesOn.recent?.interval?.estimate).toBeGreaterThan(0.3);
    // Two reports within it are needed.
    expect(estimate({ batchRatio: 0.5 }).recent?.interval).toBe(null);
  });

  it('never fails healthy traffic, and passes it at 1 % where there are exports enough to know', () => {
    const length = runCount({ suite: 20, long: 100 });
    const healthy = Array.from({ length }, (_, seed) => estimate({ seed, exportMs: 1_000, perSecond: 100 }));
    const passed = healthy.filter(({ slow }) => (slow.interval?.upper ?? 1) <= 0.01);
    expect(passed.length / length).toBeGreaterThanOrEqual(0.95);
    expect(healthy.filter(({ fast }) => (fast.interval?.lower ?? 1) > 0)).toEqual([]);
  });
});
