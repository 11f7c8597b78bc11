import type { CounterSeries } from '../../core/counter-series.ts';
import type { Signal } from '../../core/signal.ts';

/** What an SDK counts of one signal on the way of a record through it; empty where it does not. */
export interface SdkSeries {
  readonly signal: Signal;
  /** `otel.sdk.span.ended`, or `log.created`. */
  readonly ended: readonly CounterSeries[];
  readonly started: readonly CounterSeries[];
  readonly live: readonly CounterSeries[];
  readonly processed: readonly CounterSeries[];
  readonly queued: readonly CounterSeries[];
  readonly exported: readonly CounterSeries[];
  readonly inFlight: readonly CounterSeries[];
  /** Exports, counted by the histogram of their durations. */
  readonly operations: readonly CounterSeries[];
  /** Names of the exporters. */
  readonly exporters: readonly string[];
}

const NOUNS: Readonly<Record<Signal, string>> = { traces: 'span', logs: 'log', metrics: 'metric_data_point' };
const COMPONENT = 'otel.component.name';

/** One process's counters of one signal. */
export function sdkSeries(series: readonly CounterSeries[], signal: Signal): SdkSeries {
  const noun = NOUNS[signal];
  const named = (metric: string) => series.filter((one) => one.metric === metric);
  // Only what is recorded and sampled goes on; some SDKs count nothing else and have no label.
  const sampled = (metric: string) =>
    named(metric).filter((one) => {
      const result = one.labels['otel.span.sampling_result'];
      return result === undefined || result === '' || result === 'RECORD_AND_SAMPLE';
    });
  const exported = named(`otel.sdk.exporter.${noun}.exported`);
  const exporters = [...new Set(exported.map((one) => one.labels[COMPONENT] ?? ''))].sort();
  return {
    signal,
    ended: signal === 'traces' ? sampled('otel.sdk.span.ended') : named(`otel.sdk.${noun}.created`),
    started: signal === 'traces' ? sampled('otel.sdk.span.started') : [],
    live: signal === 'traces' ? sampled('otel.sdk.span.live') : [],
    processed: named(`otel.sdk.processor.${noun}.processed`),
    queued: named(`otel.sdk.processor.${noun}.queue.size`),
    exported,
    inFlight: named(`otel.sdk.exporter.${noun}.inflight`),
    operations: named('otel.sdk.exporter.operation.duration').filter((one) =>
      exporters.includes(one.labels[COMPONENT] ?? ''),
    ),
    exporters,
  };
}

export function failed(series: readonly CounterSeries[]): CounterSeries[] {
  return series.filter((one) => isFailed(one));
}

export function succeeded(series: readonly CounterSeries[]): CounterSeries[] {
  return series.filter((one) => !isFailed(one));
}

function isFailed(one: CounterSeries): boolean {
  return (one.labels['error.type'] ?? '') !== '';
}
