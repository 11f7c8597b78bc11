import type { FindingKind } from './finding.ts';
import type { Reason } from './verdict.ts';

/**
 * What a detector saw from onset to close, as minutes of a SystemHistory. Each minute is causal: nothing after it was
 * used to say it, so a history cut off there gives the same up to there.
 */
export interface DriftEpisode {
  readonly kind: FindingKind;
  /** Service, or edge `a->b`, that is named. */
  readonly subject: string;
  /** Who or what drives it where that is somebody else: an actor, a loop; null is not known. */
  readonly culprit: string | null;
  readonly onsetMinute: number;
  /** First minute whose data sufficed. */
  readonly detectedMinute: number;
  /** null: no more than suspected. */
  readonly confirmedMinute: number | null;
  /** Back inside the reference for long enough; null: open at the end of the history. */
  readonly closedMinute: number | null;
  readonly effect: {
    readonly metric: string;
    /** Now over the reference at equal load. */
    readonly ratio: number;
    readonly lower: number;
    readonly upper: number;
    readonly atEqualLoad: boolean;
  };
  /** 0 to 1. */
  readonly confidence: number;
  /** What keeps people from seeing it. */
  readonly hiddenBy: readonly string[];
  readonly actors: readonly string[];
  /** Ids of gate decisions that belong to it. */
  readonly decisions: readonly string[];
  readonly reasons: readonly Reason[];
  /** Numbers and short series, as shown to people. */
  readonly evidence: Readonly<Record<string, unknown>>;
  /** What would show that this is wrong. */
  readonly falsifiedBy: string;
}
