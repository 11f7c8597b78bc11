import { rfc3339 } from '../core/time.ts';
import { newerPlan, parsePlan } from './plan-generation.ts';
import type { Question } from './question.ts';
import type { RecentActions } from './recent-actions.ts';
import { NO_OBJECTION, objection, type Vote } from './vote.ts';

/**
 * An old plan that comes late is not carried out over a newer one (AWS DynamoDB, October 2025). Generations that
 * differ in more than the number at their end cannot be put in order, and are not.
 */
export function checkPlan({ request, kind }: Question, recent: RecentActions, nowMs: number): Vote {
  const { planGeneration } = request.action;
  const newest = planGeneration === undefined ? null : recent.newestPlan(request);
  if (planGeneration === undefined || newest === null) return NO_OBJECTION;
  if (newerPlan(newest, parsePlan(planGeneration)) !== true) return NO_OBJECTION;
  const said = {
    code: 'STALE_PLAN',
    text: `${planGeneration} is older than ${newest.text}, which was allowed for this target and ${kind} at ${rfc3339(newest.atMs)} (${newest.decisionId}).`,
    constraint: 'built-in',
    sinceMs: newest.atMs,
    decisionId: newest.decisionId,
    wouldAllowIf: `the plan is made anew: a generation after ${newest.text}`,
  };
  return objection('deny', said, nowMs);
}
