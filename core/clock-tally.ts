import type { Source } from './source.ts';

/** A count that is known up to the records of mixed 5 s cells. */
interface CountBounds {
  readonly lower: number;
  readonly upper: number;
}

/** What the arrivals of one instance say about time: its rhythm, its lateness, its clock against ours. */
export interface ClockTally {
  readonly source: Source;
  /** The clock it runs by: its host, else its instance; null where the identity stands for several or for none. */
  readonly clock: string | null;
  readonly items: number;
  /** Newest event, no later than its arrival and not quarantined; null where all were. */
  readonly eventTimeMsMax: number | null;
  readonly receivedMsMax: number;
  /** Bins of core/log-bin.ts, ms. */
  readonly latenessBins: ReadonlyMap<number, number>;
  readonly latenessMsMax: number;
  /** Least lateness of the 5 s of arrival, their 10 % quantile: one odd stamp in ten buckets does not move it. */
  readonly latenessMsLow: number | null;
  /** Gaps between the 5 s of arrival that were filled, exact to the millisecond; 0 of none. */
  readonly gapCount: number;
  readonly gapMsP99: number;
  /** Records stamped more than 10 s after their arrival, and more than 5 min: these are quarantined. */
  readonly ahead: CountBounds;
  readonly quarantined: CountBounds;
}
