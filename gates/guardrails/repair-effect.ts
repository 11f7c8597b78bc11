import { rfc3339 } from '../../core/time.ts';
import { isAbout } from '../fail-modes.ts';
import type { IntentState } from '../intent-state.ts';
import type { RecentAction } from '../recent-actions.ts';
import { NO_OBJECTION, type Objection, objection, objectionOnUnknown, type Vote } from '../vote.ts';
import { type Asked, newestFirst, spanText, unlessKnown } from './asked.ts';

/** Whether what a repair was to mend got better in the time it was given. */
export type RepairEffect = 'better' | 'not-better' | 'unknown';

export interface RepairEffects {
  /** null: not looked at yet. */
  effectOf(of: { decisionId: string; constraint: string }): RepairEffect | null;
}

type Rule = Asked['set']['guardrails']['repairEffect'][number];

export function stopForMs({ within, stopFor }: Pick<Rule, 'within' | 'stopFor'>): number {
  return stopFor ?? 10 * within;
}

/** The newest repair of a kind whose time is over. */
function judgedRepair(asked: Asked, rule: Rule, kind: string): RecentAction | null {
  const { nowMs } = asked;
  for (const action of newestFirst(asked, nowMs - rule.within - stopForMs(rule)))
    if (action.kind === kind && action.atMs + rule.within <= nowMs) return action;
  return null;
}

/** A repair that did not help is not tried again, and again: it may be what does the harm. */
export function repairEffects(
  asked: Asked,
  of: { effects: RepairEffects | null; intents: readonly IntentState[]; isApproved: boolean },
): Vote[] {
  const { question, set } = asked;
  if (of.isApproved) return [];
  return set.guardrails.repairEffect
    .filter(({ kinds }) => isAbout(kinds, question))
    .map((rule) => repairEffect(asked, rule, of));
}

function repairEffect(
  asked: Asked,
  rule: Rule,
  { effects, intents }: { effects: RepairEffects | null; intents: readonly IntentState[] },
): Vote {
  const { question, set, mode, nowMs } = asked;
  const constraint = `${set.metadata.name}/guardrails.repairEffect`;
  const watched = `${set.metadata.name}/${rule.watch}`;
  if (intents.some(({ intent, isMet }) => intent.constraint === watched && isMet === 'true'))
    return NO_OBJECTION;
  const repair = judgedRepair(asked, rule, question.kind);
  const sinceMs = nowMs - rule.within - stopForMs(rule);
  if (repair === null) return unlessKnown(asked, { sinceMs, constraint }) ?? NO_OBJECTION;
  const effect = effects?.effectOf({ decisionId: repair.decisionId, constraint: watched }) ?? 'unknown';
  if (effect === 'better') return NO_OBJECTION;
  const untilMs = repair.atMs + rule.within + stopForMs(rule);
  const what = `${repair.kind} by ${repair.actorId} at ${rfc3339(repair.atMs)} (${repair.decisionId})`;
  const isKnown = effect === 'not-better';
  const said: Objection = {
    code: isKnown ? 'REPAIR_NO_EFFECT' : 'REPAIR_EFFECT_UNKNOWN',
    text: isKnown
      ? `${watched} got no better within ${spanText(rule.within)} of ${what}: ${repair.kind} is stopped until ${rfc3339(untilMs)}.`
      : `Whether ${watched} got better within ${spanText(rule.within)} of ${what} is not known.`,
    constraint,
    sinceMs: repair.atMs + rule.within,
    decisionId: repair.decisionId,
    wouldAllowIf: `${watched} is met, or a person approves it (request.approval), or it is asked after ${rfc3339(untilMs)}`,
    untilMs: isKnown ? untilMs : nowMs + 5_000,
  };
  return isKnown ? objection('deny', said, nowMs) : objectionOnUnknown(mode, said, nowMs);
}
