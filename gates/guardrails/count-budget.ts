import { rfc3339 } from '../../core/time.ts';
import type { RecentAction } from '../recent-actions.ts';
import { NO_OBJECTION, objection, type Vote } from '../vote.ts';
import {
  type Asked,
  countedText,
  listActions,
  newestFirst,
  spanText,
  unlessKnown,
  wereAsMany,
} from './asked.ts';

/** At most `max` actions of some kind within any time of length `perMs`, whoever acts. */
export interface CountBudget {
  readonly constraint: string;
  readonly max: number;
  readonly perMs: number;
  readonly counts: (action: RecentAction) => boolean;
}

/** A used budget holds until its oldest action leaves the window. Walks no further than `max` actions that count. */
export function countBudget(asked: Asked, { constraint, max, perMs, counts }: CountBudget): Vote {
  const { nowMs } = asked;
  const sinceMs = nowMs - perMs;
  const used = wereAsMany(asked, max, sinceMs) ? newestThatCount(asked, { max, sinceMs, counts }) : [];
  const oldest = used[max - 1];
  if (oldest === undefined) return unlessKnown(asked, { sinceMs, constraint }) ?? NO_OBJECTION;
  const untilMs = oldest.atMs + perMs;
  return objection(
    'hold',
    {
      code: 'BUDGET_USED',
      text: `${max} of ${max} actions within ${spanText(perMs)} are used on ${countedText(asked)}: ${listActions(used)}.`,
      constraint,
      sinceMs: used[0]?.atMs ?? null,
      decisionId: oldest.decisionId,
      wouldAllowIf: `it is asked after ${rfc3339(untilMs)}, when the budget has room again`,
      untilMs,
    },
    nowMs,
  );
}

function newestThatCount(
  asked: Asked,
  { max, sinceMs, counts }: Pick<CountBudget, 'max' | 'counts'> & { sinceMs: number },
): RecentAction[] {
  const used: RecentAction[] = [];
  for (const action of newestFirst(asked, sinceMs)) {
    if (counts(action)) used.push(action);
    if (used.length === max) break;
  }
  return used;
}
