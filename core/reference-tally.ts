import type { ServiceId } from './service-key.ts';

/** Spans that one service's log records or exemplars mentioned in one second as sampled, settled. */
export interface ReferenceTally {
  /** Start of the 5 s of arrival of the mentions. */
  readonly windowMs: number;
  readonly service: ServiceId;
  readonly mentionedBy: 'log' | 'exemplar';
  /** Start of the second of the mention. */
  readonly bucketMs: number;
  readonly found: number;
  /** Missing, though other spans of the trace are here. */
  readonly spansMissing: number;
  /** Missing with every span of the trace. */
  readonly tracesMissing: number;
  readonly spanBatches: readonly string[];
  readonly exampleTraceIds: readonly string[];
}
