import { median, quantileSorted } from 'simple-statistics';
import type { SourceTally } from '../core/source-tally.ts';
import { BUCKET_MS } from './windows.ts';

const STEADY_BUCKETS_MIN = 24;
const STEADY_RATIO_MIN = 0.75;
/** Of the 120 buckets of ten minutes: who fills so many has no gaps worth learning. */
const DENSE_BUCKETS = 90;

/**
 * How often a source of metrics reports: per instance the median gap between the distinct 5 s buckets of event
 * time it filled, then the median over the instances. A median shrugs off the gap of a lost export; the buckets
 * make it good to 5 s.
 * @returns milliseconds, or null before any instance reported twice
 */
export function learnIntervalMs(tallies: readonly SourceTally[]): number | null {
  const byInstance = Map.groupBy(tallies, (tally) => tally.source.serviceInstanceId);
  const medians = [...byInstance.values()]
    .map((own) => gapsMs(own.map((tally) => tally.rhythmBucketsMs)))
    .filter((gaps) => gaps.length > 0)
    .map((gaps) => median(gaps));
  return medians.length === 0 ? null : median(medians);
}

/**
 * How long a source of traces or logs is usually silent: the 90 % quantile of the gaps between filled buckets of
 * arrival, all instances together, less the width of a bucket. 0 for a busy source; a service that is asked every two
 * minutes is not stale after one.
 * @returns milliseconds, or null while a single bucket is all that was ever filled
 */
export function learnSilenceMs(tallies: readonly SourceTally[]): number | null {
  const lists = tallies.map((tally) => tally.rhythmBucketsMs);
  if (lists.some((list) => list.length > DENSE_BUCKETS)) return 0;
  const gaps = gapsMs(lists);
  return gaps.length === 0
    ? null
    : quantileSorted(
        gaps.sort((a, b) => a - b),
        0.9,
      ) - BUCKET_MS;
}

/**
 * Whether traces or logs came steadily: in three of four buckets between the first and the last, for two minutes. Only
 * then is a silence surely a fault: a job, a service that is asked now and then, one that was scaled to nothing, all
 * have nothing to say.
 */
export function isSteady(tallies: readonly SourceTally[]): boolean {
  const buckets = new Set(tallies.flatMap((tally) => tally.rhythmBucketsMs));
  if (buckets.size < STEADY_BUCKETS_MIN) return false;
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const bucket of buckets) [first, last] = [Math.min(first, bucket), Math.max(last, bucket)];
  return buckets.size >= STEADY_RATIO_MIN * ((last - first) / BUCKET_MS + 1);
}

function gapsMs(lists: readonly (readonly number[])[]): number[] {
  const sorted = [...new Set(lists.flat())].sort((a, b) => a - b);
  return sorted.slice(1).map((time, i) => time - (sorted[i] as number));
}
