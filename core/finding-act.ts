import type { FindingKind } from './finding.ts';

export const FINDING_ACTS = ['ack', 'snooze', 'feedback', 'close'] as const;
export type FindingActName = (typeof FINDING_ACTS)[number];

export const FEEDBACKS = ['useful', 'noise', 'wrong'] as const;
export type Feedback = (typeof FEEDBACKS)[number];

/** What a person did about a finding, and how the finding stood then. Acts are only ever added. */
export interface FindingAct {
  readonly id: string;
  readonly findingId: string;
  readonly act: FindingActName;
  readonly atMs: number;
  readonly by: string;
  /** Empty where none is asked for. */
  readonly reason: string;
  /** End of a snooze, else null. */
  readonly untilMs: number | null;
  /** Of `feedback`, else null. */
  readonly feedback: Feedback | null;
  readonly kind: FindingKind;
  readonly subject: string;
  readonly metric: string;
  /** `set/id` of the constraint that the finding was held against; empty: none. */
  readonly constraint: string;
  /** How far from normal it was (`effectSize`); null: not known, or without bounds. */
  readonly effectSize: number | null;
}
