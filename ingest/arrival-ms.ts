import type { SpoolRecord } from './spool-record.ts';

/**
 * When a request that was read from the spool arrived, in milliseconds of `performance.now()`: its age is what the
 * wall clock says, which may have stepped since, but never less than nothing.
 */
export function arrivalMs({ receivedAtMs }: SpoolRecord, now: () => number): number {
  return performance.now() - Math.max(0, now() - receivedAtMs);
}
