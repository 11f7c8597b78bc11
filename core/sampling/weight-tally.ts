import type { Source } from '../source.ts';
import type { WeightKind } from './sampling-window.ts';

/** Spans of one service that arrived in one minute, duplicates too, by what says how many each stands for. */
export interface WeightTally {
  /** Instance ''. */
  readonly source: Source;
  readonly receiveStartMs: number;
  readonly weightKind: WeightKind;
  /** Why, of kind `invalid`; else ''. */
  readonly error: string;
  readonly spans: number;
}
