import { describe, expect, it } from 'vitest';
import type { CounterSeries } from '../../../core/counter-series.ts';
import { randomFrom } from '../../../core/random-from.ts';
import { sourceKey } from '../../../core/source.ts';
import { estimateHopLedger } from '../../../validators/counters/estimate-hop-ledger.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';

const START_MS = 1_700_000_000_000;
const REPORT_MS = 30_000;
const INSTANCE = { tenant: 't', serviceNamespace: '', serviceName: 'otelcol', serviceInstanceId: 'c-1' };
const KEY = sourceKey({ ...INSTANCE, serviceInstanceId: '', signal: 'traces' });

interface CollectorRun {
  readonly seed?: number;
  /** Chance that a request of 100 spans ends that way. */
  readonly failed?: number;
  readonly enqueueFailed?: number;
  readonly vanished?: number;
  /** Failures were told to the sender: not accepted. */
  readonly isRefusedUpstream?: boolean;
  readonly filteredRatio?: number;
  readonly exporters?: readonly string[];
}

/** Ten minutes and a bit of a Collector that takes a request of 100 spans a second. */
function estimate(run: CollectorRun): LossEstimate {
  const random = randomFrom(run.seed ?? 1);
  const counts = { accepted: 0, filtered: 0, sent: 0, failed: 0, enqueueFailed: 0 };
  const series = new Map<string, CounterSeries & { points: CounterSeries['points'][number][] }>();
  const report = (timeMs: number, metric: string, labels: Record<string, string>, value: number) => {
    const key = `${metric} ${Object.values(labels).join()}`;
    const one = series.get(key) ?? {
      instance: INSTANCE,
      metric,
      labels,
      temporality: 'cumulative' as const,
      epochMs: START_MS - 86_400_000,
      points: [],
    };
    one.points.push({
      timeMs,
      receiveBucketMs: Math.floor(timeMs / 5_000) * 5_000,
      startMs: START_MS,
      value,
    });
    series.set(key, one);
  };
  for (let second = 0; second <= 660; second++) {
    if ((second * 1_000) % REPORT_MS === 0) {
      const at = START_MS + second * 1_000;
      report(at, 'otelcol_receiver_accepted_spans', { receiver: 'otlp' }, counts.accepted);
      for (const exporter of run.exporters ?? ['otlp']) {
        report(at, 'otelcol_exporter_sent_spans', { exporter }, counts.sent);
        report(at, 'otelcol_exporter_send_failed_spans', { exporter }, counts.failed);
        report(at, 'otelcol_exporter_enqueue_failed_spans', { exporter }, counts.enqueueFailed);
      }
      report(at, 'otelcol_processor_incoming_items', { 'otel.signal': 'traces' }, counts.accepted);
      report(
        at,
        'otelcol_processor_outgoing_items',
        { 'otel.signal': 'traces' },
        counts.accepted - counts.filtered,
      );
    }
    const kept = Math.round(100 * (1 - (run.filteredRatio ?? 0)));
    const draw = random();
    const [failed, enqueueFailed, vanished] = [run.failed ?? 0, run.enqueueFailed ?? 0, run.vanished ?? 0];
    const isLost = draw < failed + enqueueFailed + vanished;
    if (!(isLost && run.isRefusedUpstream === true)) {
      counts.accepted += 100;
      counts.filtered += 100 - kept;
    }
    if (draw < failed) counts.failed += kept;
    else if (draw < failed + enqueueFailed) counts.enqueueFailed += kept;
    else if (!isLost) counts.sent += kept;
  }
  return estimateHopLedger([...series.values()], START_MS + 661_000).get(KEY) as LossEstimate;
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
