import type { CounterSeries } from '../../core/counter-series.ts';
import { randomFrom } from '../../core/random-from.ts';

const START_MS = 1_700_000_000_000;
const REPORT_MS = 30_000;
export const COLLECTOR = {
  tenant: 't',
  serviceNamespace: '',
  serviceName: 'otelcol',
  serviceInstanceId: 'c-1',
};

export interface CollectorRun {
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
export function runCollector(run: CollectorRun): { series: CounterSeries[]; nowMs: number } {
  const random = randomFrom(run.seed ?? 1);
  const counts = { accepted: 0, filtered: 0, sent: 0, failed: 0, enqueueFailed: 0 };
  const series = new Map<string, CounterSeries & { points: CounterSeries['points'][number][] }>();
  const report = (timeMs: number, metric: string, labels: Record<string, string>, value: number) => {
    const key = `${metric} ${Object.values(labels).join()}`;
    const one = series.get(key) ?? {
      instance: COLLECTOR,
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
  return { series: [...series.values()], nowMs: START_MS + 661_000 };
}
