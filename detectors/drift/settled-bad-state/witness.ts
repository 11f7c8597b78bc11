import type { DriftEpisode } from '../../../core/drift-episode.ts';
import type { Stretch } from './ladder.ts';

/** One sign of a bad state at one service, from onset to close. */
export interface Witness extends Stretch {
  readonly service: string;
  /** Where it shows on the way to one callee. */
  readonly callee: string | null;
  readonly what: 'latency' | 'errors' | 'fallbacks' | 'calls-missing' | 'pinned';
  readonly confirmedMinute: number | null;
  readonly effect: DriftEpisode['effect'];
  readonly confidence: number;
  /** What is seen, in words. */
  readonly text: string;
  readonly evidence: Readonly<Record<string, unknown>>;
}
