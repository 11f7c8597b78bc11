import type { Source } from './source.ts';

/** A window of event time that was called complete, and of which more came than was allowed for. */
export interface Retraction {
  /** Follows from source and window. */
  readonly id: string;
  readonly source: Source;
  readonly startMs: number;
  readonly endMs: number;
  /** When it was called complete. */
  readonly closedAtMs: number;
  readonly promisedRatio: number;
  readonly heldItems: number;
  readonly items: number;
}
