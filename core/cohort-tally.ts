import type { Source } from './source.ts';

/**
 * A question asked again at an earlier moment: of the events that were then of some age, how many were here, and how
 * many are here now. One service and signal, all instances together.
 */
export interface CohortTally {
  readonly source: Source;
  /** The moment at which it is asked. */
  readonly askedMs: number;
  /** The events, by event time. */
  readonly startMs: number;
  readonly endMs: number;
  /** Here now. */
  readonly items: number;
  /** Of these, here at `askedMs`. */
  readonly hereItems: number;
  readonly latenessMsMax: number;
  /** Sum over the batches (pairs of instance and 5 s of arrival) of items squared: records of one share their delay. */
  readonly batchItemsSquared: number;
}
