/** What one record says that was done. */
export interface RecognisedAction {
  readonly timeMs: number;
  readonly actor: string;
  /** A service, or the workload or object that it was done to; empty: the platform. */
  readonly target: string;
  /** By the kinds of the gate, as far as the record tells. */
  readonly kind: string;
  readonly to: number | null;
  readonly decisionId: string | null;
  /** Records with the same key are one, however often they are sent. */
  readonly key: string;
  /** Who tells it: of one act that several tell, the lowest is heard. */
  readonly rank: (typeof RANKS)[number];
  /** A person did it, by hand. */
  readonly isPerson: boolean;
}

/** The actor's own word, what a controller says it did, what its API server saw. */
export const RANKS = ['own', 'controller', 'audit'] as const;
