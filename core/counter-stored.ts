import type { ServiceInstance } from './counter-series.ts';
import type { Signal } from './signal.ts';

/** How many records of one process were stored, by 5 s of arrival. */
export interface StoredSeries {
  readonly instance: ServiceInstance;
  readonly signal: Signal;
  /** By start of the bucket, ms. */
  readonly byBucket: ReadonlyMap<number, number>;
}
