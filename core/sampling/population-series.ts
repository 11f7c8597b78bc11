import type { CounterSeries, ServiceInstance } from '../counter-series.ts';

/** One reading of a counter and its buckets. */
export interface PopulationPoint {
  /** Stamped by the sender. */
  readonly timeMs: number;
  /** Start of what the point covers. */
  readonly startMs: number;
  /** The count, then of each bucket where there are any; of a delta, what was added since `startMs`. */
  readonly counts: readonly number[];
}

/** What one process counted that may be the population its sampled spans stand for: whole numbers. */
export interface PopulationSeries {
  readonly instance: ServiceInstance;
  /** As `counterMetric` spells it. */
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly temporality: Exclude<CounterSeries['temporality'], 'level'>;
  /** Start of a cumulative series, as sent: a restart begins another one. Null of deltas. */
  readonly epochMs: number | null;
  /** Made from spans by a Collector: it counts what was sampled, multiplied or not, and is no witness. */
  readonly isDerived: boolean;
  /** Upper bounds of the buckets in ms, the last bucket has none; empty where only the count is known. */
  readonly boundsMs: readonly number[];
  /** In order of time. */
  readonly points: readonly PopulationPoint[];
}
