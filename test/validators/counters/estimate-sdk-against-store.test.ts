import { describe, expect, it } from 'vitest';
import type { CounterSeries } from '../../../core/counter-series.ts';
import { sourceKey } from '../../../core/source.ts';
import { runSdk, type SdkRun } from '../../../eval/simulators/sdk-run.ts';
import { estimateSdkAgainstStore } from '../../../validators/counters/estimate-sdk-against-store.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';
import { runCount } from '../../run-count.ts';

const KEY = sourceKey({
  tenant: 't',
  serviceNamespace: 'shop',
  serviceName: 'checkout',
  serviceInstanceId: '',
  signal: 'traces',
});

function estimate(run: SdkRun, more: readonly CounterSeries[] = []): LossEstimate {
  const { series, stored, nowMs } = runSdk(run);
  return estimateSdkAgainstStore([...series, ...more], [stored], nowMs).get(KEY) as LossEstimate;
}

const RUNS = runCount({ suite: 40, long: 200 });
function calibrate(run: Omit<SdkRun, 'seed' | 'durationMs'>, truth: number) {
  let [covered, failed, passed] = [0, 0, 0];
  for (let seed = 1; seed <= RUNS; seed++) {
    const { fast, slow } = estimate({ ...run, durationMs: 670_000, seed: seed * 7_919 });
    if (slow.interval === null || fast.interval === null) continue;
    if (slow.interval.lower <= truth && truth <= slow.interval.upper) covered++;
    if (fast.interval.lower > 0.05) failed++;
    if (slow.interval.upper <= 0.01) passed++;
  }
  return { covered: covered / RUNS, failed: failed / RUNS, passed: passed / RUNS };
}

describe('estimateSdkAgainstStore', () => {
  it('finds what vanished behind an acknowledgement, and not what the SDK lost itself', () => {
    const vanished = estimate({ seed: 1, durationMs: 670_000, vanishRatio: 0.2 });
    expect(vanished.veto).toBe(null);
    expect(vanished.fast.interval?.lower).toBeGreaterThan(0.05);
    expect(vanished.blame).toMatchObject({ at: 'hop', name: 'between checkout and us' });
    const failing = estimate({ seed: 1, durationMs: 670_000, failRatio: 0.2 });
    expect(failing.fast.interval?.lower).toBe(0);
    expect(failing.blame).toBe(null);
  });

  it('vetoes where a Collector samples, and where instances cannot be joined', () => {
    const run = { seed: 1, durationMs: 670_000 };
    const sampler: CounterSeries = {
      instance: { tenant: 't', serviceNamespace: '', serviceName: 'otelcol', serviceInstanceId: 'c' },
      metric: 'otelcol_processor_tail_sampling_new_trace_id_received',
      labels: {},
      temporality: 'cumulative',
      epochMs: 0,
      points: [{ timeMs: 1, receiveBucketMs: 0, startMs: 0, value: 1 }],
    };
    expect(estimate(run, [sampler]).veto?.code).toBe('COLLECTOR_SAMPLES');
    expect(estimate({ ...run, instance: '' }).veto?.code).toBe('INSTANCES_NOT_JOINED');
    const { series, nowMs } = runSdk(run);
    const elsewhere = estimateSdkAgainstStore(series, [], nowMs).get(KEY);
    expect(elsewhere?.veto?.code).toBe('INSTANCES_NOT_JOINED');
  });

  // Beside each the coverage of 200 runs.
  it.each([
    [0.005, 1_000], // 1
    [0.02, 1_000], // 0.995
    [0.05, 1_000], // 0.96
    [0.2, 1_000], // 0.98
    [0.05, 5_000], // 0.99
  ])('covers the rate at which exports vanish: %d, every %d ms', (vanishRatio, exportMs) => {
    const measured = calibrate({ vanishRatio, exportMs, perSecond: 40 }, vanishRatio);
    expect(measured.covered).toBeGreaterThanOrEqual(0.92);
  });

  it('never fails healthy traffic and passes it at 1 %', () => {
    const measured = calibrate({ perSecond: 100 }, 0);
    expect(measured.failed).toBe(0);
    expect(measured.passed).toBeGreaterThan(0.95);
  });
});
