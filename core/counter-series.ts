import type { ServiceId } from './service-key.ts';

/** One process, or what calls itself one; the id is empty where it gives itself none. */
export interface ServiceInstance extends ServiceId {
  readonly serviceInstanceId: string;
}

/** Stable text key; the separator cannot occur in UTF-8 text attributes that people write. */
export function instanceKey(of: ServiceInstance): string {
  return [of.tenant, of.serviceNamespace, of.serviceName, of.serviceInstanceId].join('\u001f');
}

/** One moment of a series. */
export interface CounterPoint {
  /** Stamped by the sender. */
  readonly timeMs: number;
  /** Start of the 5 s bucket in which it arrived. */
  readonly receiveBucketMs: number;
  /** Start of what the point covers; for a delta, of its first in the bucket. */
  readonly startMs: number;
  /** What the counter or level stood at; of a delta, what was added since `startMs`. */
  readonly value: number;
}

/** What one process counted of one thing, as far as it arrived: whole numbers, exact up to 2^53. */
export interface CounterSeries {
  readonly instance: ServiceInstance;
  /** As `counterMetric` spells it, whatever the sender's spelling. */
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly temporality: 'level' | 'delta' | 'cumulative';
  /** Start of a cumulative series, as sent: a restart begins another one. Null of others. */
  readonly epochMs: number | null;
  /** In order of time. */
  readonly points: readonly CounterPoint[];
}
