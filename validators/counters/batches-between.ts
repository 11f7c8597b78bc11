import type { CounterSeries } from '../../core/counter-series.ts';
import { type Between, countBetween } from './count-between.ts';

/** Defaults of the SDKs: an export every 5 s, or of 512 records. */
const EXPORT_MS = 5_000;
const BATCH_MAX = 512;

/** How many exports were made: counted where the SDK counts them, else as the SDKs' defaults would make them. */
export function batchesBetween(operations: readonly CounterSeries[], items: number, range: Between): number {
  const counted = countBetween(operations, range);
  if (counted > 0) return counted;
  return Math.max(1, (range.untilMs - range.fromMs) / EXPORT_MS, items / BATCH_MAX);
}
