import type { Asked } from '../guardrails/asked.ts';
import { objection, type Vote } from '../vote.ts';
import { stageRule } from './stage-rule.ts';

/** Kinds that cost less when they are done. */
const SAVES = ['capacity.remove', 'capacity.cut', 'quota.lower'];

/** What it will cost is said with the question; not saying it is no way round the ceiling. */
export function provisioning(asked: Asked): Vote[] {
  const { question, set, nowMs } = asked;
  const ceiling = stageRule(asked, 'provisioning')?.ceiling;
  if (ceiling === undefined || SAVES.includes(question.kind)) return [];
  const constraint = `${set.metadata.name}/stages.provisioning.ceiling`;
  const costPerDay = question.request.action.to?.['costPerDay'];
  const wouldAllowIf = `action.to.costPerDay is at most ${ceiling.costPerDay}`;
  if (typeof costPerDay !== 'number' || !Number.isFinite(costPerDay) || costPerDay < 0) {
    const text = `What a day costs after ${question.kind} is not said as a number, and ${set.metadata.name} sets a ceiling of ${ceiling.costPerDay}.`;
    return [objection('hold', { code: 'COST_UNKNOWN', text, constraint, wouldAllowIf }, nowMs)];
  }
  if (costPerDay <= ceiling.costPerDay) return [];
  const text = `${costPerDay} a day is over the ceiling of ${ceiling.costPerDay}.`;
  return [objection('deny', { code: 'COST_CEILING', text, constraint, wouldAllowIf }, nowMs)];
}
