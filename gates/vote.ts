import type { DecisionOutcome, DecisionReason } from '../core/decision.ts';

/** What one part of the judgement says; the strictest vote is the decision. */
export interface Vote {
  readonly outcome: DecisionOutcome;
  readonly reasons: readonly DecisionReason[];
  readonly wouldAllowIf: readonly string[];
  /** Seconds after which asking again makes sense, when this vote holds. */
  readonly retryAfterS: number;
  /** It lets by only what the fail mode of the action allows on what is not known. */
  readonly isByFailMode?: boolean;
}

export const NO_OBJECTION: Vote = { outcome: 'allow', reasons: [], wouldAllowIf: [], retryAfterS: 0 };
