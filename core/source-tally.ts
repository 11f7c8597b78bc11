import type { Source } from './source.ts';

/**
 * How much of one source arrived, and how late, over a stretch of arrival time. Tallies of one source merge in
 * any order: counts add, extremes stay extremes.
 */
export interface SourceTally {
  readonly source: Source;
  /** Start of the first 5 s bucket of arrival that is in it. */
  readonly receiveStartMs: number;
  readonly items: number;
  /** Newest event time, never later than the arrival of its bucket: one future stamp must not hide a silence. */
  readonly eventTimeMsMax: number;
  readonly receivedMsMax: number;
  /** Negative: a clock ahead of ours by at least that much. */
  readonly latenessMsMin: number;
  readonly latenessMsMax: number;
  /** Bins of core/log-bin.ts, in milliseconds. */
  readonly latenessBins: ReadonlyMap<number, number>;
  readonly anomalous: number;
  /**
   * Distinct 5 s buckets that were filled, from which a source's rhythm is learned: of event time for metrics, as
   * several reports may arrive at once; of arrival for traces and logs.
   */
  readonly rhythmBucketsMs: readonly number[];
}
