import type { Decision, DecisionRequest } from '../../../core/decision.ts';
import { beyondLimits } from '../beyond-limits.ts';

const REASONS_LENGTH_MAX = 600;

/** `14:20:05 UTC`: a model that is told "in 30 s" cannot tell when that was. */
function clock(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(11, 19)} UTC`;
}

/** A decision in a few words for a model: what, why, and what to do next. */
export function decisionText(
  decision: Decision,
  { action }: Pick<DecisionRequest, 'action'>,
  nowMs: number,
): string {
  const { reasons, retryAfterS, wouldAllowIf, limits, decisionId } = decision;
  const blocking = reasons.filter(({ severity }) => severity === 'blocking');
  const why = (blocking.length > 0 ? blocking : reasons).map(({ text }) => text).join(' ');
  const short = why.length > REASONS_LENGTH_MAX ? `${why.slice(0, REASONS_LENGTH_MAX)}…` : why;
  const head = `${decision.decision.toUpperCase()}: ${short}`;
  const again = retryAfterS === null ? '' : ` Re-ask after ${clock(nowMs + 1_000 * retryAfterS)}.`;
  const until = wouldAllowIf.length === 0 ? '' : ` Would be allowed if: ${wouldAllowIf.join('; ')}.`;
  if (decision.decision === 'deny')
    return `${head} Do not do it, and do not ask again unchanged.${until} [${decisionId}]`;
  if (decision.decision === 'hold')
    return `${head} Leave it as it is: no ${action.kind}.${again}${until} [${decisionId}]`;
  const beyond = beyondLimits({ action }, decision);
  const within = Object.keys(limits).length === 0 ? '' : ` Only within ${JSON.stringify(limits)}.`;
  const asAsked = beyond === null ? '' : ` Not as asked: ${beyond}.`;
  return `${head} Act before ${clock(Date.parse(decision.validUntil))}, or ask again.${within}${asAsked} [${decisionId}]`;
}
