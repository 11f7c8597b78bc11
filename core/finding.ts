import type { Reason } from './verdict.ts';

export const FINDING_KINDS = [
  'stabilised-bad-state',
  'masked-failure',
  'feedback-loop',
  'intent-drift',
  'local-vs-global',
  'misread-as-normal',
  'ungated-action',
  'overdue-hold',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

export type FindingState = 'suspect' | 'confirmed' | 'closed' | 'cannot-say';

/** What a detector says about the system. `id` stays the same from first suspicion to close. */
export interface Finding {
  readonly id: string;
  readonly kind: FindingKind;
  readonly subject: string;
  readonly culprit: string | null;
  readonly state: FindingState;
  readonly onsetAtMs: number;
  readonly detectedAtMs: number;
  readonly closedAtMs: number | null;
  readonly effect: {
    readonly metric: string;
    readonly ratio: number;
    readonly lower: number;
    readonly upper: number;
    readonly atEqualLoad: boolean;
  };
  readonly confidence: number;
  readonly reasons: readonly Reason[];
  readonly evidence: Readonly<Record<string, unknown>>;
  /** Ids of gate decisions that belong to the finding. */
  readonly decisions: readonly string[];
}
