import type { Source } from './source.ts';

/** Sampling marks of one source's spans under one declared threshold; tallies add. */
export interface SamplingTally {
  readonly source: Source;
  /** Start of the first 5 s bucket of arrival that is in it. */
  readonly receiveStartMs: number;
  /** `ot=th:` as sent, '' when absent, 'invalid' when malformed. */
  readonly thresholdHex: string;
  readonly spans: number;
  /** Spans with randomness R below their threshold T: by their own marks they should not be here. */
  readonly violations: number;
  /** Of a violation, or ''. */
  readonly exampleTraceId: string;
}
