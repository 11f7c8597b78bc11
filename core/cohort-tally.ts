import type { Source } from './source.ts';

/** What is here of the events of one stretch of event time, one service and signal, all instances together. */
export interface CohortTally {
  readonly source: Source;
  readonly startMs: number;
  readonly endMs: number;
  readonly items: number;
  readonly latenessMsMax: number;
  /** Bins of core/log-bin.ts, ms. */
  readonly latenessBins: ReadonlyMap<number, number>;
  /** Pairs of instance and 5 s of arrival that brought them: records of one batch share their delay. */
  readonly batches: number;
  /** Sum over the batches of items squared: how unequal they are. */
  readonly batchItemsSquared: number;
}
