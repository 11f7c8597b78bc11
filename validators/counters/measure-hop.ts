import type { CounterSeries } from '../../core/counter-series.ts';
import type { Signal } from '../../core/signal.ts';
import { type Between, countBetween } from './count-between.ts';
import type { CountedLoss } from './counted-loss.ts';
import { readingNoise } from './reading-noise.ts';

/** What a Collector counts of one signal. */
export interface HopSeries {
  readonly accepted: readonly CounterSeries[];
  readonly sent: readonly CounterSeries[];
  readonly sendFailed: readonly CounterSeries[];
  readonly enqueueFailed: readonly CounterSeries[];
  /** Into and out of processors: the difference was filtered or sampled, on purpose. */
  readonly incoming: readonly CounterSeries[];
  readonly outgoing: readonly CounterSeries[];
  /** Requests waiting and under way. */
  readonly waiting: readonly CounterSeries[];
  readonly exporters: readonly string[];
}

/** One Collector's ledger in one window. */
export interface Hop extends CountedLoss {
  readonly accepted: number;
  readonly sent: number;
  readonly filtered: number;
  readonly sendFailed: number;
  readonly enqueueFailed: number;
  /** Accepted and neither sent, filtered nor failed, with sign. */
  readonly residue: number;
  /** More was sent than accepted: fan-out, a connector, or retries counted twice. */
  readonly isMultiplied: boolean;
}

const NOUNS: Readonly<Record<Signal, string>> = {
  traces: 'spans',
  metrics: 'metric_points',
  logs: 'log_records',
};
/** A request holds about what a second brings, at most the batch processor's default of 8192. */
const REQUEST_MS = 1_000;
const REQUEST_ITEMS_MAX = 8_192;
/** Being sent, and being handed over, at a reading. */
const REQUESTS_TORN = 2;

export function hopSeries(series: readonly CounterSeries[], signal: Signal): HopSeries {
  const named = (metric: string) => series.filter((one) => one.metric === metric);
  const sent = named(`otelcol_exporter_sent_${NOUNS[signal]}`);
  const sendFailed = named(`otelcol_exporter_send_failed_${NOUNS[signal]}`);
  const enqueueFailed = named(`otelcol_exporter_enqueue_failed_${NOUNS[signal]}`);
  const exporters = [...sent, ...sendFailed, ...enqueueFailed].map((one) => one.labels['exporter'] ?? '');
  const ofSignal = (metric: string) => named(metric).filter((one) => one.labels['otel.signal'] === signal);
  return {
    accepted: named(`otelcol_receiver_accepted_${NOUNS[signal]}`),
    sent,
    sendFailed,
    enqueueFailed,
    incoming: ofSignal('otelcol_processor_incoming_items'),
    outgoing: ofSignal('otelcol_processor_outgoing_items'),
    waiting: [...named('otelcol_exporter_queue_size'), ...named('otelcol_exporter_in_flight_requests')],
    exporters: [...new Set(exporters)].sort(),
  };
}

/**
 * accepted = sent + failed + filtered + what waits. A queue counts requests, so what waits is a tolerance, not a term.
 * A failure that the sender was told of is no loss of ours: the receiver then did not accept it either, and the
 * balance is short of the failures by as much.
 */
export function measureHop(hop: HopSeries, readings: readonly number[]): Hop {
  const range = { fromMs: readings[0] as number, untilMs: readings.at(-1) as number };
  const failed = [...hop.sendFailed, ...hop.enqueueFailed];
  const explained = countBetween(failed, range);
  const balance = balanceOf(hop, range);
  const accepted = countBetween(hop.accepted, range);
  const durationMs = Math.max(1, range.untilMs - range.fromMs);
  const perRequest = Math.min(REQUEST_ITEMS_MAX, Math.max(1, (accepted / durationMs) * REQUEST_MS));
  const worst = (REQUESTS_TORN + waitingMost(hop, readings)) * perRequest;
  const balances = readings.map((untilMs) => balanceOf(hop, { fromMs: range.fromMs, untilMs }));
  const noise = readingNoise(balances, worst);
  const isExplained = Math.abs(balance - explained) <= Math.max(noise, perRequest);
  const cells = readings.slice(1).map((untilMs, i) => {
    const cell = { fromMs: readings[i] as number, untilMs };
    return {
      lost: isExplained ? countBetween(failed, cell) : balanceOf(hop, cell),
      all: countBetween(hop.accepted, cell),
    };
  });
  const certain = Math.max(0, balance - worst);
  return {
    startMs: range.fromMs,
    endMs: range.untilMs,
    cells,
    lostMin: isExplained ? explained : Math.max(certain, balance > explained ? explained : 0),
    lostMax: Math.max(0, balance + noise),
    batches: durationMs / REQUEST_MS,
    isWhole: true,
    samplingVariance: 0,
    accepted,
    sent: countBetween(hop.sent, range),
    filtered: filteredBetween(hop, range),
    sendFailed: countBetween(hop.sendFailed, range),
    enqueueFailed: countBetween(hop.enqueueFailed, range),
    residue: balance - explained,
    isMultiplied: balance < -worst,
  };
}

function balanceOf(hop: HopSeries, range: Between): number {
  return countBetween(hop.accepted, range) - filteredBetween(hop, range) - countBetween(hop.sent, range);
}

function filteredBetween(hop: HopSeries, range: Between): number {
  return Math.max(0, countBetween(hop.incoming, range) - countBetween(hop.outgoing, range));
}

function waitingMost({ waiting }: HopSeries, readings: readonly number[]): number {
  const at = (timeMs: number) =>
    waiting.reduce(
      (sum, { points }) => sum + (points.findLast((point) => point.timeMs <= timeMs)?.value ?? 0),
      0,
    );
  return Math.max(at(readings[0] as number), at(readings.at(-1) as number));
}
