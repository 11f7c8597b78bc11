import type { DecisionOutcome, DecisionReason } from '../core/decision.ts';
import { rfc3339 } from '../core/time.ts';
import type { FailModeInForce } from './choose-fail-mode.ts';
import { spanText } from './guardrails/asked.ts';
import type { HeldQuestion } from './recent-actions.ts';

/** What a question that is held over and over comes to. */
export interface HoldAge {
  readonly outcome: DecisionOutcome;
  /** Allowed within the cap, as the last resort that people wrote. */
  readonly isCapped: boolean;
  readonly reason: DecisionReason;
}

/**
 * No hold is silent for ever: each says since when it is one, and past its maximum age does what people wrote: they
 * are told and it goes on holding, or it is denied, or allowed within a cap where nothing but unknown data held it.
 */
export function ageHold(of: {
  held: HeldQuestion | null;
  mode: FailModeInForce;
  isOnlyUnknown: boolean;
  nowMs: number;
}): HoldAge | null {
  const { held, mode, isOnlyUnknown, nowMs } = of;
  if (held === null) return null;
  const say = (outcome: DecisionOutcome, code: string, text: string): HoldAge => ({
    outcome,
    isCapped: outcome === 'allow',
    reason: {
      code,
      text,
      constraint: mode.constraint,
      severity: outcome === 'deny' ? 'blocking' : 'info',
      since: rfc3339(held.sinceMs),
      evidence: `/api/v1/decisions/${encodeURIComponent(held.decisionId)}`,
    },
  });
  const since = `Held since ${rfc3339(held.sinceMs)}, ${held.times + 1} times`;
  const max = spanText(mode.holdMaxMs);
  if (nowMs - held.sinceMs < mode.holdMaxMs) return say('hold', 'HELD', `${since}; at most ${max}.`);
  const overdue = `${since}, longer than ${max}`;
  if (mode.onHoldTimeout === 'deny')
    return say('deny', 'HOLD_OVERDUE', `${overdue}: denied, as people wrote.`);
  if (mode.onHoldTimeout === 'allow-capped' && isOnlyUnknown)
    return say('allow', 'HOLD_OVERDUE', `${overdue}: allowed within its cap, as people wrote.`);
  return say('hold', 'HOLD_OVERDUE', `${overdue}: people are told, and it goes on being held.`);
}
