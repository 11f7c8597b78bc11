import { median } from 'simple-statistics';
import type { SourceTally } from '../core/source-tally.ts';

/**
 * How often a source of metrics reports: per instance the median gap between the distinct 5 s buckets of event
 * time it filled, then the median over the instances. A median shrugs off the gap of a lost export; the buckets
 * make it good to 5 s.
 * @returns milliseconds, or null before any instance reported twice
 */
export function learnIntervalMs(tallies: readonly SourceTally[]): number | null {
  const buckets = new Map<string, Set<number>>();
  for (const { source, eventBucketsMs } of tallies) {
    const seen = buckets.get(source.serviceInstanceId) ?? new Set();
    for (const bucket of eventBucketsMs) seen.add(bucket);
    buckets.set(source.serviceInstanceId, seen);
  }
  const medians = [...buckets.values()]
    .filter((seen) => seen.size >= 2)
    .map((seen) => median(gaps([...seen])));
  return medians.length === 0 ? null : median(medians);
}

function gaps(times: number[]): number[] {
  const sorted = times.sort((a, b) => a - b);
  return sorted.slice(1).map((time, i) => time - (sorted[i] as number));
}
