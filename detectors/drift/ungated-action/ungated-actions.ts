import { CLOCK_TOLERANCE_MINUTES } from '../../../core/actions/decision-of.ts';
import type { RecordedAction, SystemHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { type GaugeStep, gaugeSteps } from '../gauge-steps.ts';
import { changeFor, objectionTo, recordsByService } from './match-records.ts';
import { settingsOf } from './settings-of.ts';
import type { UngatedEvent } from './ungated-event.ts';

/**
 * Recorded actions without a decision that allows them. Actors that people listed must ask. Others need not where
 * people said so, nor where they already acted without asking in the accepted period: a person has seen that; whoever
 * is new is not known to be allowed anything, unless a person recorded a change.
 */
export function ungatedActions({ history, accepted }: SystemView): UngatedEvent[] {
  const decisions = new Map(history.decisions.map((decision) => [decision.id, decision]));
  const mustAsk = new Set(history.intent.gatedActors);
  const recordsOf = recordsByService(history);
  const standing = new Set([
    ...(history.intent.automation ?? []).flatMap(({ actor, gate }) => (gate === 'standing' ? actor : [])),
    ...history.actions
      .filter(({ actor, minute }) => !mustAsk.has(actor) && minute < accepted.untilMinute)
      .map(({ actor }) => actor),
  ]);
  const events: UngatedEvent[] = [];
  for (const action of history.actions) {
    if (standing.has(action.actor)) continue;
    const why = objectionTo(action, { decisions, areDecisionsKept: history.decisions.length > 0 });
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
