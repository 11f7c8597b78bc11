import type { StoredSeries } from '../../core/counter-stored.ts';
import { BUCKET_MS } from '../windows.ts';
import { batchesBetween } from './batches-between.ts';
import { countBetween } from './count-between.ts';
import type { CountedLoss } from './counted-loss.ts';
import { readingNoise } from './reading-noise.ts';
import { type SdkSeries, succeeded } from './sdk-series.ts';

/** What one process says it exported, against what is stored of it. */
export interface StoredAgainst extends CountedLoss {
  readonly exported: number;
  readonly stored: number;
  /** What the edges of the window leave open, in records. */
  readonly worst: number;
}

/**
 * A report says what was exported until it was made, on the sender's clock; on ours it arrives a little later. What
 * arrived until the end of that bucket is at least what the report counts, and exceeds it at most by what arrived in
 * that bucket and the one before (the way of the report: up to 5 s). The same at both edges, so the difference is off
 * by one of them at most, and by as little as the readings between them waver.
 * @param readings of the window, two or more
 */
export function measureStored(
  sdk: SdkSeries,
  stored: StoredSeries,
  readings: readonly number[],
): StoredAgainst {
  const [fromMs, untilMs] = [readings[0] as number, readings.at(-1) as number];
  const range = { fromMs, untilMs };
  const arrivals = readings.map((timeMs) => arrivalOf(sdk, timeMs));
  const ok = succeeded(sdk.exported);
  const storedUntil = (i: number) => storedBetween(stored, arrivals[0] as number, arrivals[i] as number);
  const exported = countBetween(ok, range);
  const arrived = storedUntil(readings.length - 1);
  const edge = (i: number) => {
    const at = arrivals[i] as number;
    return storedBetween(stored, at - 2 * BUCKET_MS, at);
  };
  const worst = Math.max(edge(0), edge(readings.length - 1));
  const balances = readings.map(
    (timeMs, i) => countBetween(ok, { fromMs, untilMs: timeMs }) - storedUntil(i),
  );
  const noise = readingNoise(balances, worst);
  const missing = exported - arrived;
  const isMissing = missing > noise;
  const cells = readings.slice(1).map((timeMs, i) => {
    const all = countBetween(ok, { fromMs: readings[i] as number, untilMs: timeMs });
    return { lost: isMissing ? (balances[i + 1] as number) - (balances[i] as number) : 0, all };
  });
  const batches = batchesBetween(sdk.operations, exported, range);
  return {
    startMs: fromMs,
    endMs: untilMs,
    cells,
    lostMin: Math.max(0, missing - worst),
    lostMax: Math.max(0, missing + noise),
    batches,
    // What vanishes on the way vanishes by whole requests.
    isWhole: isMissing,
    samplingVariance: 0,
    exported,
    stored: arrived,
    worst,
  };
}

/** End of the bucket in which the report of that moment arrived. */
export function arrivalOf(sdk: SdkSeries, timeMs: number): number {
  const buckets = sdk.exported.flatMap(({ points }) =>
    points.filter((point) => point.timeMs <= timeMs).map((point) => point.receiveBucketMs),
  );
  // Nothing was reported yet: the start of an epoch, before which it sent nothing.
  if (buckets.length === 0) return Math.floor(timeMs / BUCKET_MS) * BUCKET_MS - BUCKET_MS;
  return Math.max(...buckets) + BUCKET_MS;
}

function storedBetween({ byBucket }: StoredSeries, fromMs: number, untilMs: number): number {
  let count = 0;
  for (const [startMs, items] of byBucket) if (startMs >= fromMs && startMs < untilMs) count += items;
  return count;
}
