import { rfc3339 } from '../../core/time.ts';
import { actionSize, targetShare } from '../action-size.ts';
import { isAbout } from '../fail-modes.ts';
import type { RecentAction } from '../recent-actions.ts';
import { NO_OBJECTION, objection, objectionOnUnknown, type Vote } from '../vote.ts';
import { type Asked, listActions, newestFirst, spanText, unlessKnown } from './asked.ts';
import { countBudget } from './count-budget.ts';

const ROUNDING = 1e-9;

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}

/** So many actions, and so large a share of the targets, within a time: of all actors together. */
export function changeBudget(asked: Asked): Vote[] {
  const { question, set } = asked;
  const budget = set.guardrails.changeBudget;
  if (budget === undefined || isAbout(budget.except, question)) return [];
  const counts = (action: RecentAction) => !isAbout(budget.except, action);
  const of = { constraint: `${set.metadata.name}/guardrails.changeBudget`, perMs: budget.per, counts };
  return [
    ...(budget.maxActions === undefined ? [] : [countBudget(asked, { ...of, max: budget.maxActions })]),
    ...(budget.maxTargetsPct === undefined
      ? []
      : [shareBudget(asked, { ...of, max: budget.maxTargetsPct / 100 })]),
  ];
}

interface ShareBudget {
  readonly constraint: string;
  /** 0 to 1. */
  readonly max: number;
  readonly perMs: number;
  readonly counts: (action: RecentAction) => boolean;
}

function shareBudget(asked: Asked, budget: ShareBudget): Vote {
  const { question, set, nowMs } = asked;
  const { constraint, max, perMs, counts } = budget;
  const share = targetShare(actionSize(question.request.action));
  if (share === null) return unknownShare(asked, constraint);
  if (share === 0) return NO_OBJECTION;
  if (share > max + ROUNDING) return tooLarge(asked, { constraint, share, max });
  const sinceMs = nowMs - perMs;
  const used = [...newestFirst(asked, sinceMs)].filter(counts);
  // What was allowed without a size may have been all of them.
  const sizes = used.map(({ size }) => targetShare(size) ?? 1);
  let total = sizes.reduce((sum, one) => sum + one, 0);
  if (total + share <= max + ROUNDING) return unlessKnown(asked, { sinceMs, constraint }) ?? NO_OBJECTION;
  const text = `${percent(share)} of ${set.scope.service} more would be over ${percent(max)} within ${spanText(perMs)}; used are ${percent(total)}: ${listActions(used)}.`;
  let freeing = used.length;
  while (total + share > max + ROUNDING && freeing > 0) total -= sizes[--freeing] as number;
  const last = used[freeing] as RecentAction;
  const untilMs = last.atMs + perMs;
  return objection(
    'hold',
    {
      code: 'BUDGET_USED',
      text,
      constraint,
      sinceMs: used[0]?.atMs ?? null,
      decisionId: last.decisionId,
      wouldAllowIf: `it is asked after ${rfc3339(untilMs)}, when the budget has room again`,
      untilMs,
    },
    nowMs,
  );
}

function unknownShare({ question, mode, nowMs }: Asked, constraint: string): Vote {
  return objectionOnUnknown(
    mode,
    {
      code: 'SIZE_UNKNOWN',
      text: `How many targets ${question.kind} changes is not said, so nobody can tell whether it fits the budget.`,
      constraint,
      wouldAllowIf: 'action.blastRadius says count and of, or action.from and action.to say replicas',
    },
    nowMs,
  );
}

/** Waiting does not make it smaller. */
function tooLarge({ set, nowMs }: Asked, of: { constraint: string; share: number; max: number }): Vote {
  return objection(
    'deny',
    {
      code: 'BUDGET_TOO_SMALL',
      text: `${percent(of.share)} of ${set.scope.service} at once is more than the whole budget of ${percent(of.max)}.`,
      constraint: of.constraint,
      wouldAllowIf: `at most ${percent(of.max)} of the targets are changed at a time`,
    },
    nowMs,
  );
}
