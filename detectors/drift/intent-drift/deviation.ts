import type { SystemView } from '../../equal-load/system-view.ts';

/** Something is not as people intended. */
export interface Deviation {
  /** What a person has to look at together: a service. */
  readonly service: string;
  /** Service, or edge `a->b`, that is named. */
  readonly subject: string;
  readonly code:
    | 'forbidden-edge'
    | 'undeclared-edge'
    | 'edge-unused'
    | 'setting-out-of-bounds'
    | 'setting-creeps'
    | 'pool-share-out-of-bounds'
    | 'cache-limit'
    | 'fallback-limit'
    | 'retry-budget'
    | 'work-grew'
    | 'outside-automation-bounds'
    | 'objective-missed'
    /** It was so when a person accepted the period: the file is what is old. */
    | 'INTENT_OUT_OF_DATE';
  readonly metric: string;
  /** Against a file that people wrote, or against what was seen in the accepted period: then no more than suspected. */
  readonly against: 'intent' | 'reference';
  readonly onsetMinute: number;
  readonly detectedMinute: number;
  readonly confirmedMinute: number | null;
  readonly closedMinute: number | null;
  readonly intended: number;
  readonly seen: number;
  /** Who did it, where that is certain. */
  readonly actor?: string | undefined;
  /** In words, where numbers do not say it. */
  readonly says?: string | undefined;
}

const FILE_GRACE_MINUTES = 7 * 24 * 60;

/**
 * Who accepts a period that is not as the file says has a week to write the file anew: nothing about the system changed, and
 * nobody has to be told sooner.
 * @returns minute from which on it is told
 */
export function fileGraceUntil({ accepted, endedMinute }: SystemView): number {
  return Math.max(accepted.untilMinute, endedMinute + FILE_GRACE_MINUTES);
}

/** Back inside for so long, and a deviation is over. */
export const CLOSE_MINUTES = 24 * 60;
