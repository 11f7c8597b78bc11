import type { CounterPoint, CounterSeries, ServiceInstance } from '../../core/counter-series.ts';
import type { StoredSeries } from '../../core/counter-stored.ts';
import { randomFrom } from '../../core/random-from.ts';

const START_MS = 1_700_000_000_000;

export interface SdkRun {
  readonly seed: number;
  /** Of the run; reports every `metricMs`, 60 s unless given. */
  readonly durationMs: number;
  readonly metricMs?: number;
  readonly perSecond?: number;
  readonly exportMs?: number;
  /** Chance that a record never reaches the queue, and that an export fails whole. */
  readonly dropRatio?: number;
  readonly failRatio?: number;
  /** Chance that an accepted export is lost on the way into the store. */
  readonly vanishRatio?: number;
  /** Chance that a record of an accepted export is lost there alone. */
  readonly vanishAloneRatio?: number;
  /** Lost from then on; from the beginning unless given. */
  readonly lossFromMs?: number;
  /** Failed exports are told by the processor too, as otel-js does. */
  readonly isToldTwice?: boolean;
  /** Refused by a concurrency limit: in no counter of the exporter. */
  readonly isSilent?: boolean;
  /** Between an export's leaving the queue and its being counted, as seen by a report. */
  readonly isTorn?: boolean;
  readonly instance?: string;
  /** A new process under the same id. */
  readonly restartMs?: number;
}

/** A process that ends spans, exports them and reports its counters, and what of it was stored. */
export function runSdk(of: SdkRun): { series: CounterSeries[]; stored: StoredSeries; nowMs: number } {
  const random = randomFrom(of.seed);
  const { perSecond = 100, exportMs = 1_000, metricMs = 60_000, durationMs } = of;
  const instance: ServiceInstance = {
    tenant: 't',
    serviceNamespace: 'shop',
    serviceName: 'checkout',
    serviceInstanceId: of.instance ?? 'pod-1',
  };
  const all = new Map<string, CounterSeries & { points: CounterPoint[] }>();
  const byBucket = new Map<number, number>();
  let counts = newCounts();
  let epochMs = START_MS;
  let nextEndMs = 0;
  // Exports and reports are out of step, as timers of one process are not begun at the same moment.
  const phaseMs = Math.floor(random() * exportMs);
  const alone = of.vanishAloneRatio ?? 0;
  const arrivedOf = (count: number) =>
    alone === 0 ? count : Array.from({ length: count }).filter(() => random() >= alone).length;
  for (let atMs = 0; atMs <= durationMs; atMs += 100) {
    const isLossy = atMs >= (of.lossFromMs ?? 0);
    if (atMs === of.restartMs) {
      counts = newCounts();
      epochMs = START_MS + atMs;
    }
    while (nextEndMs < atMs) {
      nextEndMs += (-Math.log(1 - random()) * 1_000) / perSecond;
      counts.ended++;
      if (isLossy && random() < (of.dropRatio ?? 0)) counts.dropped++;
      else counts.queued++;
    }
    const isTornNow = of.isTorn === true && atMs % metricMs === 0 && random() < 0.3;
    const tornQueue = counts.queued;
    if ((atMs % exportMs === phaseMs - (phaseMs % 100) || isTornNow) && counts.queued > 0) {
      counts.operations++;
      if (isLossy && random() < (of.failRatio ?? 0)) {
        if (of.isSilent !== true) counts.failed += counts.queued;
        if (of.isToldTwice === true) counts.toldAgain += counts.queued;
      } else {
        counts.exported += counts.queued;
        const bucket = START_MS + Math.floor((atMs + 50) / 5_000) * 5_000;
        if (!isLossy || random() >= (of.vanishRatio ?? 0)) {
          byBucket.set(bucket, (byBucket.get(bucket) ?? 0) + arrivedOf(counts.queued));
        }
      }
      counts.queued = 0;
    }
    if (atMs > 0 && atMs % metricMs === 0) {
      // A torn report read the queue before the export and the rest after it.
      report(all, {
        instance,
        epochMs,
        timeMs: START_MS + atMs,
        counts: isTornNow ? { ...counts, queued: tornQueue } : counts,
      });
    }
  }
  return {
    series: [...all.values()],
    stored: { instance, signal: 'traces', byBucket },
    nowMs: START_MS + durationMs + 1_000,
  };
}

function newCounts() {
  return { ended: 0, dropped: 0, queued: 0, exported: 0, failed: 0, toldAgain: 0, operations: 0 };
}

function report(
  all: Map<string, CounterSeries & { points: CounterPoint[] }>,
  of: { instance: ServiceInstance; epochMs: number; timeMs: number; counts: ReturnType<typeof newCounts> },
): void {
  const component = { 'otel.component.name': 'batching_span_processor/0' };
  const exporter = { 'otel.component.name': 'otlp_http_span_exporter/0' };
  const { counts } = of;
  const rows: [string, Record<string, string>, number, boolean][] = [
    ['otel.sdk.span.started', { 'otel.span.sampling_result': 'RECORD_AND_SAMPLE' }, counts.ended + 3, true],
    ['otel.sdk.span.live', { 'otel.span.sampling_result': 'RECORD_AND_SAMPLE' }, 3, true],
    ['otel.sdk.processor.span.queue.size', component, counts.queued, true],
    [
      'otel.sdk.processor.span.processed',
      { ...component, 'error.type': 'queue_full' },
      counts.dropped,
      false,
    ],
    [
      'otel.sdk.processor.span.processed',
      { ...component, 'error.type': 'OTLPExporterError' },
      counts.toldAgain,
      false,
    ],
    ['otel.sdk.exporter.span.inflight', exporter, 0, true],
    ['otel.sdk.exporter.span.exported', exporter, counts.exported, false],
    ['otel.sdk.exporter.span.exported', { ...exporter, 'error.type': 'timeout' }, counts.failed, false],
    ['otel.sdk.exporter.operation.duration', exporter, counts.operations, false],
  ];
  for (const [metric, labels, value, isAlways] of rows) {
    const key = [metric, of.epochMs, ...Object.values(labels)].join();
    let series = all.get(key);
    if (series === undefined) {
      // Counters appear with their first event.
      if (value === 0 && !isAlways) continue;
      const { instance, epochMs } = of;
      series = { instance, metric, labels, temporality: 'cumulative', epochMs, points: [] };
      all.set(key, series);
    }
    const receiveBucketMs = Math.floor((of.timeMs + 50) / 5_000) * 5_000;
    series.points.push({ timeMs: of.timeMs, receiveBucketMs, startMs: of.epochMs, value });
  }
}
