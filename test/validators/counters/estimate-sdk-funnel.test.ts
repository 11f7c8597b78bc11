import { describe, expect, it } from 'vitest';
import { sourceKey } from '../../../core/source.ts';
import { runSdk, type SdkRun } from '../../../eval/simulators/sdk-run.ts';
import { estimateSdkFunnel } from '../../../validators/counters/estimate-sdk-funnel.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';
import { runCount } from '../../run-count.ts';

const KEY = sourceKey({
  tenant: 't',
  serviceNamespace: 'shop',
  serviceName: 'checkout',
  serviceInstanceId: '',
  signal: 'traces',
});

function estimate(...runs: readonly SdkRun[]): LossEstimate {
  const all = runs.map(runSdk);
  const nowMs = Math.max(...all.map((one) => one.nowMs));
  return estimateSdkFunnel(
    all.flatMap(({ series }) => series),
    [],
    nowMs,
  ).get(KEY) as LossEstimate;
}

const RUNS = runCount({ suite: 40, long: 200 });
function calibrate(run: Omit<SdkRun, 'seed' | 'durationMs'>, window: 'fast' | 'slow', truth: number) {
  let [covered, failed, passed] = [0, 0, 0];
  for (let seed = 1; seed <= RUNS; seed++) {
    const durationMs = window === 'fast' ? 180_000 : 660_000;
    const { interval } = estimate({ ...run, durationMs, seed: seed * 7_919 })[window];
    if (interval === null) continue;
    if (interval.lower <= truth && truth <= interval.upper) covered++;
    if (interval.lower > 0.05) failed++;
    if (interval.upper <= 0.01) passed++;
  }
  return { covered: covered / RUNS, failed: failed / RUNS, passed: passed / RUNS };
}

describe('estimateSdkFunnel', () => {
  it('counts what the queue and the exporter lost, and says which and what to do', () => {
    const dropped = estimate({ seed: 1, durationMs: 660_000, dropRatio: 0.2 });
    expect(dropped.fast.interval?.lower).toBeGreaterThan(0.05);
    expect(dropped.blame).toMatchObject({ at: 'source', name: 'checkout' });
    expect(dropped.blame?.text).toContain('OTEL_BSP_MAX_QUEUE_SIZE');
    const failing = estimate({ seed: 1, durationMs: 660_000, failRatio: 0.2 });
    expect(failing.blame?.text).toContain('timeout');
    expect(failing.fast.interval?.lower).toBeGreaterThan(0.05);
  });

  it('does not count a failed export twice, and finds one that no counter explains', () => {
    const twice = estimate({ seed: 2, durationMs: 660_000, failRatio: 0.2, isToldTwice: true });
    const once = estimate({ seed: 2, durationMs: 660_000, failRatio: 0.2 });
    expect(twice.slow.interval).toEqual(once.slow.interval);
    const silent = estimate({ seed: 2, durationMs: 660_000, failRatio: 0.2, isSilent: true });
    expect(silent.slow.interval?.lower).toBeGreaterThan(0.1);
    expect(silent.blame?.text).toContain('concurrency limit');
  });

  it('is not fooled by reports that tear an export apart', () => {
    const outcomes = Array.from({ length: 50 }, (_, seed) =>
      estimate({ seed, durationMs: 660_000, isTorn: true }),
    );
    expect(outcomes.filter(({ fast }) => (fast.interval?.lower ?? 0) > 0)).toEqual([]);
    expect(outcomes.filter(({ slow }) => (slow.interval?.lower ?? 1) > 0)).toEqual([]);
    // One report torn at the end of the window looks like one lost export of 600, in an interval of its own.
    expect(outcomes.filter(({ slow }) => (slow.interval?.upper ?? 1) > 0.02)).toEqual([]);
  });

  it('goes on over a restart, and counts a process from its first moment', () => {
    const restarted = estimate({ seed: 3, durationMs: 660_000, restartMs: 330_000 });
    expect(restarted.veto).toBe(null);
    expect(restarted.fast.interval?.estimate).toBe(0);
    const young = estimate({ seed: 3, durationMs: 60_000, dropRatio: 0.2 });
    expect(young.slow.interval?.lower).toBeGreaterThan(0.1);
  });

  it('vetoes two processes under one identity, and two exporters', () => {
    const one = runSdk({ seed: 4, durationMs: 660_000 });
    const other = runSdk({ seed: 5, durationMs: 660_000 });
    const forked = other.series.map((series) => ({ ...series, epochMs: (series.epochMs ?? 0) + 7 }));
    const shared = estimateSdkFunnel([...one.series, ...forked], [], one.nowMs).get(KEY);
    expect(shared?.veto?.code).toBe('IDENTITY_SHARED');
    const second = one.series
      .filter(({ metric }) => metric === 'otel.sdk.exporter.span.exported')
      .map((series) => ({ ...series, labels: { ...series.labels, 'otel.component.name': 'zipkin/0' } }));
    const several = estimateSdkFunnel([...one.series, ...second], [], one.nowMs).get(KEY);
    expect(several?.veto?.code).toBe('SEVERAL_EXPORTERS');
  });

  it('turns within two metric intervals of the loss, and back within two of its end', () => {
    const at = (sinceMs: number, ratio: number) =>
      Array.from({ length: 50 }, (_, seed) =>
        estimate({ seed, durationMs: 660_000, failRatio: ratio, lossFromMs: 660_000 - sinceMs }),
      );
    const failing = at(120_000, 0.2).filter(({ fast }) => (fast.interval?.lower ?? 0) > 0.05);
    expect(failing.length).toBeGreaterThanOrEqual(48);
    const noPass = at(120_000, 0.05).filter(({ fast }) => (fast.interval?.estimate ?? 0) > 0.01);
    expect(noPass.length).toBeGreaterThanOrEqual(48);
    const none = at(-1_000, 0.2).filter(({ fast }) => (fast.interval?.lower ?? 1) === 0);
    expect(none).toHaveLength(50);
  });

  // Beside each the coverage of 200 runs; the bound leaves room for their noise.
  it.each([
    ['slow', 0.005, 'dropRatio'], // 0.98
    ['slow', 0.02, 'dropRatio'], // 0.97
    ['slow', 0.05, 'dropRatio'], // 0.96
    ['slow', 0.2, 'dropRatio'], // 0.97
    ['slow', 0.005, 'failRatio'], // 0.985
    ['slow', 0.02, 'failRatio'], // 0.975
    ['slow', 0.05, 'failRatio'], // 0.98
    ['slow', 0.2, 'failRatio'], // 0.985
    ['fast', 0.05, 'dropRatio'], // 1: two intervals do not tell that losses are single, each export is one draw
    ['fast', 0.05, 'failRatio'], // 0.975
    ['fast', 0.2, 'failRatio'], // 0.995
  ] as const)('covers the rate of loss: %s window, %d by %s', (window, ratio, by) => {
    const { covered } = calibrate({ [by]: ratio, perSecond: 40 }, window, ratio);
    expect(covered).toBeGreaterThanOrEqual(0.92);
  });

  it('never fails healthy traffic and passes it at 1 %', () => {
    const { failed, passed } = calibrate({ perSecond: 40 }, 'slow', 0);
    expect(failed).toBe(0);
    expect(passed).toBe(1);
    expect(calibrate({ perSecond: 40 }, 'fast', 0).failed).toBe(0);
  });
});
