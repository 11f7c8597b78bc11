import { DURATION_BOUNDS_MS } from '../../../core/sampling/sampling-window.ts';

/**
 * Which class of DURATION_BOUNDS_MS each bucket of a histogram belongs to. Finer buckets fall together.
 * @param boundsMs upper bounds, inclusive, as histograms have them
 * @returns for each bucket, the last one open, its class; null where a bucket lies across one of our bounds
 */
export function durationClasses(boundsMs: readonly number[]): readonly number[] | null {
  if (DURATION_BOUNDS_MS.some((bound) => !boundsMs.includes(bound))) return null;
  return [...boundsMs, Number.POSITIVE_INFINITY].map((upper) => {
    const index = DURATION_BOUNDS_MS.findIndex((bound) => upper <= bound);
    return index === -1 ? DURATION_BOUNDS_MS.length : index;
  });
}
