import type { DecisionOutcome, DecisionReason } from '../core/decision.ts';
import { rfc3339 } from '../core/time.ts';
import type { FailModeInForce } from './choose-fail-mode.ts';

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

export interface Objection {
  readonly code: string;
  readonly text: string;
  readonly constraint: string;
  readonly sinceMs?: number | null;
  /** A decision that it rests on. */
  readonly decisionId?: string | null;
  readonly wouldAllowIf: string;
  /** When it ends by itself, if it does. */
  readonly untilMs?: number | null;
}

const RETRY_S_DEFAULT = 30;

/** A vote with one reason. */
export function objection(outcome: DecisionOutcome, said: Objection, nowMs: number): Vote {
  const { code, text, constraint, wouldAllowIf, sinceMs = null, decisionId = null, untilMs = null } = said;
  const reason: DecisionReason = {
    code,
    text,
    constraint,
    severity: 'blocking',
    since: sinceMs === null ? null : rfc3339(sinceMs),
    evidence: decisionId === null ? null : `/api/v1/decisions/${encodeURIComponent(decisionId)}`,
  };
  const retryAfterS = untilMs === null ? RETRY_S_DEFAULT : Math.max(1, Math.ceil((untilMs - nowMs) / 1_000));
  return { outcome, reasons: [reason], wouldAllowIf: [wouldAllowIf], retryAfterS };
}

/** What the fail mode makes of something that is not known. */
function outcomeOnUnknown({ unknown }: Pick<FailModeInForce, 'unknown'>): DecisionOutcome {
  if (unknown === 'deny') return 'deny';
  return unknown.startsWith('allow') ? 'allow' : 'hold';
}

/** Something is not known: the fail mode speaks, and where it lets by, it does so within its cap. */
export function objectionOnUnknown(
  mode: Pick<FailModeInForce, 'unknown'>,
  said: Objection,
  nowMs: number,
): Vote {
  const outcome = outcomeOnUnknown(mode);
  return { ...objection(outcome, said, nowMs), isByFailMode: outcome === 'allow' };
}
