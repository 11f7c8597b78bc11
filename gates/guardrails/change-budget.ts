import { rfc3339 } from '../../core/time.ts';
import { actionSize, targetShare } from '../action-size.ts';
import type { ConstraintSet } from '../constraints/constraint-set.ts';
import { isAbout } from '../fail-modes.ts';
import { applies, type Question } from '../question.ts';
import type { RecentAction } from '../recent-actions.ts';
import { NO_OBJECTION, objection, objectionOnUnknown, type Vote } from '../vote.ts';
import {
  type Asked,
  countedText,
  listActions,
  newestFirst,
  percentText,
  spanText,
  unlessKnown,
} from './asked.ts';
import { countBudget } from './count-budget.ts';

const ROUNDING = 1e-9;

type Budget = Asked['set']['guardrails']['changeBudget'][number];

/** So many actions, and so large a share of the targets, within a time: of all actors together. */
export function changeBudgets(asked: Asked): Vote[] {
  return asked.set.guardrails.changeBudget.flatMap((budget) => changeBudget(asked, budget));
}

/** By the list of sets, which is another one when a file changed: hardly any set shares, and every question asks. */
const sharing = new WeakMap<readonly ConstraintSet[], readonly ConstraintSet[]>();

function setsThatShare(sets: readonly ConstraintSet[]): readonly ConstraintSet[] {
  const known = sharing.get(sets);
  if (known !== undefined) return known;
  const found = sets.filter(({ guardrails }) =>
    guardrails.changeBudget.some(({ over }) => over !== undefined),
  );
  sharing.set(sets, found);
  return found;
}

/** Sets of other services that share a budget with the one that is asked about. */
export function fleetsOf({ target, request }: Question, sets: readonly ConstraintSet[]): ConstraintSet[] {
  const service = target?.serviceName;
  if (service === undefined) return [];
  return setsThatShare(sets).filter(
    (set) =>
      set.scope.service !== service &&
      set.guardrails.changeBudget.some(({ over }) => over?.includes(service)) &&
      applies({ scope: { ...set.scope, service } }, request.target),
  );
}

/** Of another service's file nothing but the budgets that it shares with a service. */
export function sharedBudgets(set: ConstraintSet, service: string): ConstraintSet {
  const shared = set.guardrails.changeBudget.filter(({ over }) => over?.includes(service));
  return { ...set, guardrails: { changeBudget: shared, cooldown: [], flap: [], repairEffect: [] } };
}

/** A budget of another service's file, as far as it is shared with the one that is asked about. */
export function fleetBudgets(asked: Asked): Vote[] {
  const service = asked.question.target?.serviceName ?? '';
  return changeBudgets({ ...asked, set: sharedBudgets(asked.set, service) });
}

function changeBudget(alone: Asked, budget: Budget): Vote[] {
  const { question, set } = alone;
  if (isAbout(budget.except, question)) return [];
  const asked =
    budget.over === undefined
      ? alone
      : { ...alone, fleet: [...new Set([set.scope.service, ...budget.over])] };
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
  const { question, nowMs } = asked;
  const { constraint, max, perMs, counts } = budget;
  // Of a fleet each service is one of so many.
  const services = asked.fleet?.length ?? 1;
  const own = targetShare(actionSize(question.request.action));
  const share = own === null ? null : own / services;
  if (share === null) return unknownShare(asked, constraint);
  if (share === 0) return NO_OBJECTION;
  if (share > max + ROUNDING) return tooLarge(asked, { constraint, share, max });
  const sinceMs = nowMs - perMs;
  const used = [...newestFirst(asked, sinceMs)].filter(counts);
  // What was allowed without a size may have been all of them.
  const sizes = used.map(({ size }) => (targetShare(size) ?? 1) / services);
  let total = sizes.reduce((sum, one) => sum + one, 0);
  if (total + share <= max + ROUNDING) return unlessKnown(asked, { sinceMs, constraint }) ?? NO_OBJECTION;
  const text = `${percentText(share)} of ${countedText(asked)} more would be over ${percentText(max)} within ${spanText(perMs)}; used are ${percentText(total)}: ${listActions(used)}.`;
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
function tooLarge(asked: Asked, of: { constraint: string; share: number; max: number }): Vote {
  return objection(
    'deny',
    {
      code: 'BUDGET_TOO_SMALL',
      text: `${percentText(of.share)} of ${countedText(asked)} at once is more than the whole budget of ${percentText(of.max)}.`,
      constraint: of.constraint,
      wouldAllowIf: `at most ${percentText(of.max)} of the targets are changed at a time`,
    },
    asked.nowMs,
  );
}
