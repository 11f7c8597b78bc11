import { CLOCK_TOLERANCE_MINUTES } from '../../../core/actions/decision-of.ts';
import type { AutomationIntent, RecordedAction, SystemHistory } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { type GaugeStep, gaugeSteps } from '../gauge-steps.ts';
import { mayActAlone } from '../may-act-alone.ts';
import { isWithinBounds } from '../within-bounds.ts';
import { changeFor, objectionTo, recordsByService } from './match-records.ts';
import { settingsOf } from './settings-of.ts';
import type { UngatedEvent } from './ungated-event.ts';

/**
 * Recorded actions without a decision that allows them. Actors that people listed must ask, but for what they may do
 * alone within their bounds. Others need not where they already acted without asking in the accepted period: a person
 * has seen that; whoever is new is not known to be allowed anything, unless a person recorded a change.
 */
export function ungatedActions(view: SystemView): UngatedEvent[] {
  const { history, accepted } = view;
  const decisions = new Map(history.decisions.map((decision) => [decision.id, decision]));
  const mustAsk = new Set(history.intent.gatedActors);
  const alone = history.intent.automation ?? [];
  const recordsOf = recordsByService(history);
  const standing = view.frozen('actors at work', ({ untilMinute }) => [
    ...new Set(history.actions.filter(({ minute }) => minute < untilMinute).map(({ actor }) => actor)),
  ]);
  // What an action of before did is seen no more: it was judged when it was.
  const fromMinute = view.holdsAccepted ? Number.NEGATIVE_INFINITY : accepted.untilMinute;
  const events: UngatedEvent[] = [];
  for (const action of history.actions.filter(({ minute }) => minute >= fromMinute)) {
    const automation = alone.find((one) => mayActAlone(one, action));
    if (automation !== undefined && action.decisionId === null) {
      if (action.minute >= accepted.untilMinute) events.push(...beyondBounds(action, automation, history));
      continue;
    }
    // Who acted then, nobody knows any more: who need not ask is not held to it.
    const isStanding = standing === null || standing.includes(action.actor);
    if (isStanding && !mustAsk.has(action.actor)) continue;
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

/** Who may act without asking may do so within bounds; whether it did is told by what it moved. */
function beyondBounds(
  action: RecordedAction,
  { bounds }: AutomationIntent,
  history: SystemHistory,
): UngatedEvent[] {
  const step = bounds.length === 0 ? null : effectOf(action, history);
  const isShare = step?.setting.startsWith('share of ') === true;
  const bound = bounds.find(({ setting }) => setting === (isShare ? 'poolShare' : step?.setting));
  if (step === null || bound === undefined || isWithinBounds(step.after, bound)) return [];
  const minute = Math.max(action.minute, step.minute);
  return [
    {
      minute,
      service: action.service,
      actor: action.actor,
      why: 'outside-bounds',
      what: action.kind,
      before: step.before,
      after: step.after,
      decisionId: null,
      certainMinute: step.seenTwiceMinute,
      withdrawnMinute: null,
      revertedMinute: step.revertedMinute,
    },
  ];
}

/** What it moved, if that is measured. */
function effectOf(
  { service, minute }: RecordedAction,
  history: SystemHistory,
): (GaugeStep & { readonly setting: string }) | null {
  for (const { what, values } of settingsOf(history, service)) {
    const around = gaugeSteps(values).find(
      (step) =>
        minute >= step.heldUntilMinute - CLOCK_TOLERANCE_MINUTES &&
        minute <= step.minute + CLOCK_TOLERANCE_MINUTES,
    );
    if (around !== undefined) return { ...around, setting: what };
  }
  return null;
}
