import { describe, expect, it } from 'vitest';
import { sourceKey } from '../../../core/source.ts';
import { COLLECTOR, type CollectorRun, runCollector } from '../../../eval/simulators/collector-run.ts';
import { estimateHopLedger } from '../../../validators/counters/estimate-hop-ledger.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';

const KEY = sourceKey({ ...COLLECTOR, serviceInstanceId: '', signal: 'traces' });

function estimate(run: CollectorRun): LossEstimate {
  const { series, nowMs } = runCollector(run);
  return estimateHopLedger(series, nowMs).get(KEY) as LossEstimate;
}

describe('estimateHopLedger', () => {
  it('closes on a healthy Collector, whatever it filters', () => {
    const healthy = estimate({ filteredRatio: 0.3 });
    expect(healthy).toMatchObject({ veto: null, blame: null, fast: { interval: { estimate: 0, lower: 0 } } });
    expect(healthy.slow.interval?.upper).toBeLessThanOrEqual(0.01);
  });

  it.each([
    ['failed', 'gave up after retries'],
    ['enqueueFailed', 'sending queue is full'],
    ['vanished', 'no counter says why'],
  ] as const)('names the Collector and what to do: %s', (by, advice) => {
    const lossy = estimate({ [by]: 0.2, seed: 3 });
    expect(lossy.veto).toBe(null);
    expect(lossy.slow.interval?.lower).toBeGreaterThan(0.1);
    expect(lossy.slow.interval?.upper).toBeLessThan(0.3);
    expect(lossy.blame).toMatchObject({ at: 'hop', name: 'otelcol#c-1 otlp' });
    expect(lossy.blame?.text).toContain(advice);
  });

  it('does not call lost what the sender was told of', () => {
    const refused = estimate({ enqueueFailed: 0.2, isRefusedUpstream: true });
    expect(refused.slow.interval?.lower).toBe(0);
    expect(refused.blame).toBe(null);
    expect(refused.evidence['collectors']).toMatchObject([{ slow: { residue: expect.any(Number) } }]);
  });

  it('vetoes a Collector that fans out, as its ledger cannot close', () => {
    expect(estimate({ exporters: ['otlp', 'debug'] }).veto?.code).toBe('FAN_OUT');
  });

  // 0.97, 0.975, 0.99 and 0.97 of 200 runs.
  it.each([0.005, 0.02, 0.05, 0.2])('covers the rate at which requests fail: %d', (failed) => {
    let covered = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const { interval } = estimate({ failed, seed: seed * 7_919 }).slow;
      if (interval !== null && interval.lower <= failed && failed <= interval.upper) covered++;
    }
    expect(covered / 200).toBeGreaterThanOrEqual(0.92);
  });
});
