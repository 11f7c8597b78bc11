/**
 * What FAIL rests on: long enough for eight exports at the SDKs' default of 5 s, and short enough that what failed
 * may pass again within a minute: window, bucket, settling, tick and the gate's refresh are 54 s together.
 */
export const FAST_MS = 40_000;
/** What PASS may rest on, and how long a silent source still gets verdicts. */
export const SLOW_MS = 600_000;
/** The tallies' buckets of arrival. */
export const BUCKET_MS = 5_000;

export interface Windows {
  readonly fastStartMs: number;
  readonly slowStartMs: number;
  readonly endMs: number;
}

/** Both windows up to `endMs`, begun on a bucket, so that a bucket is inside or outside as a whole. */
export function windowsUntil(endMs: number): Windows {
  return {
    fastStartMs: floorToBucket(endMs - FAST_MS),
    slowStartMs: floorToBucket(endMs - SLOW_MS),
    endMs,
  };
}

function floorToBucket(timeMs: number): number {
  return Math.floor(timeMs / BUCKET_MS) * BUCKET_MS;
}
