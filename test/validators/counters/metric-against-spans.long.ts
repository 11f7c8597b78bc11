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

describe('calibration of metric against spans', () => {
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
});
