import { matchGlob } from '../../core/glob.ts';
import { rfc3339 } from '../../core/time.ts';
import { TAKES_BACK } from '../fail-modes.ts';
import { type Asked, newestFirst, spanText, unlessKnown } from '../guardrails/asked.ts';
import { RECENT_SPAN_MS, type RecentAction } from '../recent-actions.ts';
import { objection, type Vote } from '../vote.ts';
import { stageRule } from './stage-rule.ts';

/** Steps that follow another one; what they follow must have been allowed. */
const LATER_STEPS = ['rollout.advance', 'rollout.advance.*', 'promote', 'promote.*'];

function isStep({ kind, stages }: Pick<RecentAction, 'kind' | 'stages'>): boolean {
  return stages.includes('deployment') && !TAKES_BACK.some((glob) => matchGlob(glob, kind));
}

/**
 * Each step needs the step before it, of the same plan, and the time in which that one shows what it does: caches
 * and DNS hide the effect of a step for as long as they live.
 */
export function deployment(asked: Asked): Vote[] {
  const { question, set, nowMs } = asked;
  const rule = stageRule(asked, 'deployment');
  const waitMs = Math.max(rule?.bake ?? 0, rule?.effectLag ?? 0);
  if (rule === null || waitMs === 0 || !isStep(question)) return [];
  const constraint = `${set.metadata.name}/stages.deployment`;
  const isLater = LATER_STEPS.some((glob) => matchGlob(glob, question.kind));
  const plan = question.request.action.planGeneration;
  if (plan === undefined) return isLater ? [planMissing(asked, constraint)] : [];
  const before = lastStep(asked, plan);
  if (before === null) return isLater ? [stepMissing(asked, { constraint, plan })] : [];
  const untilMs = before.atMs + waitMs;
  if (isSameStep(asked, before) || nowMs >= untilMs) return [];
  const isLag = (rule.effectLag ?? 0) > (rule.bake ?? 0);
  const why = isLag ? 'its effect shows that much later' : 'it bakes for that long';
  const text = `${before.kind} of ${plan} was allowed at ${rfc3339(before.atMs)} (${before.decisionId}), and the next step waits ${spanText(waitMs)}: ${why}.`;
  return [
    objection(
      'hold',
      {
        code: isLag ? 'EFFECT_LAG' : 'BAKING',
        text,
        constraint: `${constraint}.${isLag ? 'effectLag' : 'bake'}`,
        sinceMs: before.atMs,
        decisionId: before.decisionId,
        wouldAllowIf: `it is asked after ${rfc3339(untilMs)}`,
        untilMs,
      },
      nowMs,
    ),
  ];
}

function lastStep(asked: Asked, plan: string): RecentAction | null {
  for (const action of newestFirst(asked, asked.nowMs - RECENT_SPAN_MS))
    if (action.planGeneration === plan && isStep(action)) return action;
  return null;
}

/** Asked again, because its allow ran out before it was done: no further step. */
function isSameStep({ question }: Asked, before: RecentAction): boolean {
  const { to } = question.request.action;
  const wants = to === undefined ? '' : JSON.stringify(to);
  return wants !== '' && wants === before.wants && question.kind === before.kind;
}

function planMissing({ question, nowMs }: Asked, constraint: string): Vote {
  const said = {
    code: 'PLAN_MISSING',
    text: `${question.kind} does not say which plan it is a step of.`,
    constraint,
    wouldAllowIf: 'action.planGeneration names the plan, as in the step before',
  };
  return objection('hold', said, nowMs);
}

/** Silence is no verdict: a step whose predecessor nobody allowed is not taken (Google, April 2016). */
function stepMissing(asked: Asked, { constraint, plan }: { constraint: string; plan: string }): Vote {
  const { question, nowMs } = asked;
  const said = {
    code: 'STEP_MISSING',
    text: `No earlier step of ${plan} was allowed within ${spanText(RECENT_SPAN_MS)}: ${question.kind} has nothing to follow.`,
    constraint,
    wouldAllowIf: `rollout.start of ${plan} is asked and allowed first`,
  };
  const sinceMs = nowMs - RECENT_SPAN_MS;
  const unknown = unlessKnown(asked, { sinceMs, constraint });
  // Not known is held at most: another replica may have allowed it.
  return unknown === null ? objection('deny', said, nowMs) : { ...unknown, outcome: 'hold' };
}
