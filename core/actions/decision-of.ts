import type { RecordedDecision } from '../system-history.ts';

/** Clocks of those who act, decide and measure agree no better. */
export const CLOCK_TOLERANCE_MINUTES = 5;
/** A decision that does not say how long it holds allows what follows it for so long. */
export const DECISION_VALID_MINUTES = 30;

export interface ActionToMatch {
  readonly minute: number;
  readonly actor: string;
  readonly service: string;
  readonly kind: string;
}

/**
 * What the gate last told this actor about this kind of action on this service, before it acted; null where it was not
 * asked, or so long ago that the answer did not hold any more. Records of controllers name no decision: this finds it.
 * @param decisions in order of time
 */
export function decisionOf(
  action: ActionToMatch,
  decisions: readonly RecordedDecision[],
  isSame: (actor: string, other: string) => boolean,
): RecordedDecision | null {
  return (
    decisions.findLast(
      (decision) =>
        decision.service === action.service &&
        isSame(action.actor, decision.actor) &&
        isSameKind(action.kind, decision.kind) &&
        holdsAt(decision, action.minute),
    ) ?? null
  );
}

function holdsAt({ minute, validUntilMinute }: RecordedDecision, at: number): boolean {
  const until = validUntilMinute ?? minute + DECISION_VALID_MINUTES;
  return at >= minute - CLOCK_TOLERANCE_MINUTES && at <= until + CLOCK_TOLERANCE_MINUTES;
}

/** Who tells `scale` tells of one of its kinds; of a rollout one is asked, and its steps are told. */
function isSameKind(told: string, asked: string): boolean {
  if (told === asked || asked.startsWith(`${told}.`) || told.startsWith(`${asked}.`)) return true;
  return told.startsWith('rollout.') && asked.startsWith('rollout.');
}
