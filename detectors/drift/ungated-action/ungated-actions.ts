import type { RecordedAction, RecordedDecision, SystemHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { type GaugeStep, gaugeSteps } from '../gauge-steps.ts';
import { CLOCK_TOLERANCE_MINUTES, changeFor, recordsByService } from './match-records.ts';
import { settingsOf } from './settings-of.ts';
import type { UngatedEvent } from './ungated-event.ts';

/** A decision that is named allows the action for so long; longer than for an effect alone, since the link is certain. */
const NAMED_DECISION_VALID_MINUTES = 24 * 60;

/**
 * Recorded actions without a decision that allows them. Actors that people listed must ask. Others need not where
 * they already acted without asking in the accepted period: a person has seen that; whoever is new is not known to
 * be allowed anything, unless a person recorded a change.
 */
export function ungatedActions(view: SystemView): UngatedEvent[] {
  const { history } = view;
  const decisions = new Map(history.decisions.map((decision) => [decision.id, decision]));
  const mustAsk = new Set(history.intent.gatedActors);
  const recordsOf = recordsByService(history);
  const standing = view.frozen('actors at work', ({ untilMinute }) => [
    ...new Set(history.actions.filter(({ minute }) => minute < untilMinute).map(({ actor }) => actor)),
  ]);
  const events: UngatedEvent[] = [];
  for (const action of history.actions) {
    // Who acted then, nobody knows any more: who need not ask is not held to it.
    const isStanding = standing === null || standing.includes(action.actor);
    if (isStanding && !mustAsk.has(action.actor)) continue;
    const why = reasonAgainst(action, { decisions, areDecisionsKept: history.decisions.length > 0 });
    if (why === null) continue;
    const { minute } = action;
    const change = mustAsk.has(action.actor)
      ? null
      : changeFor(recordsOf(action.service), { fromMinute: minute, untilMinute: minute });
    if (change !== null && change.minute <= minute) continue;
    const step = effectOf(action, history);
    events.push({
      minute,
      service: action.service,
      actor: action.actor,
      why,
      what: action.kind,
      before: step?.before ?? null,
      after: step?.after ?? action.to,
      decisionId: action.decisionId,
      certainMinute: change === null ? minute : null,
      withdrawnMinute: change?.minute ?? null,
      revertedMinute: step?.revertedMinute ?? null,
    });
  }
  return events;
}

/** What it moved, if that is measured. */
function effectOf({ service, minute }: RecordedAction, history: SystemHistory): GaugeStep | null {
  for (const { values } of settingsOf(history, service)) {
    const around = gaugeSteps(values).find(
      (step) =>
        minute >= step.heldUntilMinute - CLOCK_TOLERANCE_MINUTES &&
        minute <= step.minute + CLOCK_TOLERANCE_MINUTES,
    );
    if (around !== undefined) return around;
  }
  return null;
}

function reasonAgainst(
  action: RecordedAction,
  known: {
    readonly decisions: ReadonlyMap<string, RecordedDecision>;
    readonly areDecisionsKept: boolean;
  },
): UngatedEvent['why'] | null {
  if (action.decisionId === null) return 'not-asked';
  const decision = known.decisions.get(action.decisionId);
  // An action that names a decision while no decision at all is kept: the records of the gate are lost, not the asking.
  if (decision === undefined) return known.areDecisionsKept ? 'decision-missing' : null;
  if (decision.outcome !== 'allow' || decision.service !== action.service) return 'refused';
  const age = action.minute - decision.minute;
  return age < -CLOCK_TOLERANCE_MINUTES || age > NAMED_DECISION_VALID_MINUTES ? 'decision-expired' : null;
}
