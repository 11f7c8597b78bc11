import type { ServiceId } from './service-key.ts';

/** Spans of a callee that came from one remote caller, settled; `caller` null: their parents are missing. */
export interface EdgeTally {
  /** Start of the 5 s of arrival of the children. */
  readonly windowMs: number;
  readonly callee: ServiceId;
  readonly caller: ServiceId | null;
  /** Start of the second in which the children started. */
  readonly bucketMs: number;
  readonly children: number;
  /** Hashes of the distinct export requests that brought the parents; empty where they are missing. */
  readonly callerBatches: readonly string[];
  readonly exampleTraceIds: readonly string[];
}
