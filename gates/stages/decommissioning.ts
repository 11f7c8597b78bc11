import type { Asked } from '../guardrails/asked.ts';
import { objection, type Vote } from '../vote.ts';
import { approvalFault } from './approval.ts';
import { stageRule } from './stage-rule.ts';

/** What cannot be undone takes a second person. That nobody uses it any more is among the required data. */
export function decommissioning(asked: Asked): Vote[] {
  const { question, set, nowMs } = asked;
  if (stageRule(asked, 'decommissioning')?.humanKey !== 'required') return [];
  const fault = approvalFault(question.request, set, nowMs);
  if (fault === null) return [];
  const said = {
    code: question.request.approval === undefined ? 'APPROVAL_MISSING' : 'APPROVAL_INVALID',
    text: `${question.kind} needs the approval of a second person: ${fault}.`,
    constraint: `${set.metadata.name}/stages.decommissioning.humanKey`,
    wouldAllowIf: `request.approval is signed by one of ${set.keys.map(({ id }) => id).join(', ')} ("plumbline approve --help")`,
  };
  return [objection('deny', said, nowMs)];
}
