import type { Interval } from '../../core/interval.ts';
import { logBin } from '../../core/log-bin.ts';
import { quantileBounds } from '../quantile-bounds.ts';

/** How long from our receiving a record until it can be queried. */
export interface OwnLag {
  /** Milliseconds; `upper` is Infinity of fewer than 368 canaries. */
  readonly p50: Interval;
  readonly p99: Interval;
  readonly minMs: number;
  readonly maxMs: number;
  readonly n: number;
}

/** @param lagsMs of canaries, each from our arrival to the first query that saw it. Null of none. */
export function measureOwnLag(lagsMs: readonly number[]): OwnLag | null {
  const bins = new Map<number, number>();
  for (const lagMs of lagsMs) bins.set(logBin(lagMs), (bins.get(logBin(lagMs)) ?? 0) + 1);
  const [minMs, maxMs] = [Math.min(...lagsMs), Math.max(...lagsMs)];
  const values = { bins, min: minMs, max: maxMs };
  const [p50, p99] = [quantileBounds(values, 0.5), quantileBounds(values, 0.99)];
  return p50 === null || p99 === null ? null : { p50, p99, minMs, maxMs, n: lagsMs.length };
}

/**
 * An age as its source would see it: the age of the newest event that can be queried holds our own lag too, which is
 * no fault of the source. The lower end gives our lag the most it may be, the upper end the least that was seen.
 * @param ageS in seconds, as of now
 */
export function subtractOwnLag(ageS: Interval, lag: OwnLag): Interval {
  const mostMs = lag.p99.upper === Number.POSITIVE_INFINITY ? lag.maxMs : lag.p99.upper;
  const less = (value: number, lagMs: number) => Math.max(0, value - lagMs / 1_000);
  return {
    estimate: less(ageS.estimate, lag.p50.estimate),
    lower: less(ageS.lower, mostMs),
    upper: less(ageS.upper, lag.minMs),
  };
}
