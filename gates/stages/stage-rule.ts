import type { Stage } from '../../core/decision.ts';
import { matchGlob } from '../../core/glob.ts';
import type { ConstraintSet } from '../constraints/constraint-set.ts';
import type { Asked } from '../guardrails/asked.ts';

type Stages = ConstraintSet['stages'];

/** What a set says of a stage, where the stage and its gate are about the action. */
export function stageRule<Name extends Stage>(
  { question, set }: Asked,
  stage: Name,
): NonNullable<Stages[Name]> | null {
  const rule = set.stages[stage];
  if (rule === undefined || !question.stages.includes(stage)) return null;
  return rule.gate.some((glob) => matchGlob(glob, question.kind)) ? rule : null;
}
