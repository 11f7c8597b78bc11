import type { CounterSeries } from '../../core/counter-series.ts';
import type { Signal } from '../../core/signal.ts';

/** Counters that only a Collector that samples has. */
const SAMPLERS: readonly { readonly metric: string; readonly signal: Signal }[] = [
  { metric: 'otelcol_processor_tail_sampling_new_trace_id_received', signal: 'traces' },
  { metric: 'otelcol_processor_probabilistic_sampler_count_traces_sampled', signal: 'traces' },
  { metric: 'otelcol_processor_probabilistic_sampler_count_logs_sampled', signal: 'logs' },
];

/** Tenants and signals, as `tenant signal`, in which a Collector samples between the senders and us. */
export function collectorSamples(series: readonly CounterSeries[]): ReadonlySet<string> {
  return new Set(
    SAMPLERS.flatMap(({ metric, signal }) =>
      series
        .filter((one) => one.metric === metric && one.points.length > 0)
        .map(({ instance }) => `${instance.tenant} ${signal}`),
    ),
  );
}
