import { ANOMALY } from './anomaly.ts';
import type { Source } from './source.ts';

/** What is wrong with one record, as bits of `Faults` in tally_structure: what ingest marked, and what SQL can see. */
export const FAULT = {
  ...ANOMALY,
  selfParent: 65_536, // a span that is its own parent
  longerThanDay: 131_072, // a span of 24 h or more: an end of another clock, or a span nobody ended in time
  truncated: 262_144, // the SDK dropped attributes, events or links of it
  atAttributeLimit: 524_288, // exactly the SDKs' default of 128 attributes; no fault by itself
  temporalityUnset: 1_048_576, // ingest refuses these; a Collector that writes to our tables may not
} as const;

/** Records of a service and signal, all instances together, over a stretch of arrival, by the set of their faults. */
export interface StructureTally {
  /** With an empty instance. */
  readonly source: Source;
  /** Start of the stretch: of one 5 s bucket where the service has faults, else of the window's part. */
  readonly receiveStartMs: number;
  readonly records: number;
  /** Records by their fault bits, those without any left out. */
  readonly faults: ReadonlyMap<number, number>;
  readonly roots: number;
  readonly dropped: { readonly attributes: number; readonly events: number; readonly links: number };
  /** Records whose resource had no service.instance.id. */
  readonly withoutInstance: number;
  /** Distinct pairs of instance and bucket: how many exports it is at least. */
  readonly batchCount: number;
  /** An instance whose records had a fault, or ''. */
  readonly faultyInstance: string;
}

/** What ingest refused of a service and signal in one 5 s bucket of arrival. */
export interface RefusalTally {
  readonly source: Source;
  readonly receiveStartMs: number;
  readonly reason: string;
  readonly items: number;
}

/** Spans of a service in one 5 s bucket of arrival, held against spans of the same traces that came before. */
export interface SpanRepeatTally {
  readonly source: Source;
  readonly receiveStartMs: number;
  /** Spans looked at: a hash subset of traces where there are too many. */
  readonly spans: number;
  /** The same span again: same ids, service, kind, parent, start and end. */
  readonly repeats: number;
  /** The same ids on a different span. */
  readonly reuses: number;
  readonly roots: number;
  /** Roots of a trace that had an earlier one. */
  readonly extraRoots: number;
  /** Of a repeat, a reuse or an extra root, or ''. */
  readonly exampleTraceId: string;
}
