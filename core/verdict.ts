import type { Source } from './source.ts';

export const DIMENSIONS = ['completeness', 'timeliness', 'sampling', 'structure', 'provenance'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export type Outcome = 'pass' | 'fail' | 'unknown';

/** Why a verdict, finding or decision is what it is: a stable code for machines, a sentence for people. */
export interface Reason {
  readonly code: string;
  readonly text: string;
}

/** One way of estimating; `kind` says what it rests on, so that independent estimators can be told apart. */
export interface Estimator {
  readonly id: string;
  readonly estimate: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly n: number;
  readonly kind: 'graph' | 'counter' | 'direct' | 'clock';
  /** Of its numbers, where it is another than the verdict's. */
  readonly unit?: 'ratio' | 's';
}

/** pass when `upper <= warn`, fail when `lower > fail`, in the verdict's unit. */
export interface Limits {
  readonly warn: number;
  readonly fail: number;
}

/**
 * What a validator says about one dimension of one source's data.
 * completeness: `estimate` is the *lost* share, 0 to 1. timeliness: seconds of age, of lateness at the stated quantile
 * or of clock skew, or a share that is late or of the future: `evidence.decidedBy` says which. structure: the share of
 * records with a fault.
 * sampling: the share of spans whose sampling marks contradict their being here, 0 to 1; or how far counts by their
 * weights are off, where `evidence.decidedBy` is counts.
 * Unknown is a value: the estimate is then null or too wide, and `reasons` says why.
 */
export interface Verdict {
  readonly source: Source;
  readonly dimension: Dimension;
  readonly outcome: Outcome;
  readonly estimate: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly confidence: number;
  readonly unit: 'ratio' | 's';
  readonly n: number;
  readonly limits: Limits;
  readonly window: { readonly startMs: number; readonly endMs: number };
  readonly evaluatedAtMs: number;
  readonly validUntilMs: number;
  readonly reasons: readonly Reason[];
  readonly estimators: readonly Estimator[];
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** The rule of all verdicts; an interval that touches neither side decides nothing. */
export function judge(lower: number | null, upper: number | null, limits: Limits): Outcome {
  if (lower === null || upper === null || Number.isNaN(lower) || Number.isNaN(upper)) return 'unknown';
  if (lower > limits.fail) return 'fail';
  return upper <= limits.warn ? 'pass' : 'unknown';
}
