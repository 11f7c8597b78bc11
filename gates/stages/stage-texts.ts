import type { Stage } from '../../core/decision.ts';
import type { ConstraintSet } from '../constraints/constraint-set.ts';
import { percentText, spanText } from '../guardrails/asked.ts';
import type { RuleText } from '../guardrails/guardrail-texts.ts';

type Stages = ConstraintSet['stages'];

/** What each stage of a set asks besides its sources, in the order in which it is asked. */
export function stageTexts({ stages }: Pick<ConstraintSet, 'stages'>): RuleText[] {
  const { provisioning, deployment, routing, recovery, optimisation, decommissioning } = stages;
  return [
    ...rules('provisioning', provisioning, ({ ceiling }) => ({
      ceiling: ceiling && `costs at most ${ceiling.costPerDay} a day`,
    })),
    ...rules('deployment', deployment, ({ bake, effectLag }) => ({
      bake: bake && `a step bakes for ${spanText(bake)} before the next`,
      effectLag: effectLag && `the effect of a step shows after ${spanText(effectLag)}; the next one waits`,
    })),
    ...rules('routing', routing, ({ floor }) => ({
      floor: floor && `at least ${percentText(floor)} stay in rotation`,
    })),
    ...rules('recovery', recovery, recoveryRules),
    ...rules('optimisation', optimisation, ({ window: windows }) => ({
      window: windows && `within ${windows.map(({ text }) => text).join(', or ')} only`,
    })),
    ...rules('decommissioning', decommissioning, ({ proveUnused, humanKey }) => ({
      proveUnused:
        proveUnused &&
        `shown to be unused for ${spanText(proveUnused.for)}, of which at most ${percentText(proveUnused.completeness.lostRatioMax)} of the telemetry may be missing`,
      humanKey: humanKey && 'a second person approves with a key of the file',
    })),
  ];
}

function recoveryRules({ budget, failover = {} }: NonNullable<Stages['recovery']>) {
  const { minOutage, maxReplicaLag } = failover;
  return {
    budget: budget && `at most ${budget.max} within ${spanText(budget.perMs)}`,
    'failover.minOutage': minOutage && `a failover waits until the outage lasts ${spanText(minOutage)}`,
    'failover.maxReplicaLag': maxReplicaLag && `a failover loses at most ${spanText(maxReplicaLag)}`,
  };
}

/** A rule that is not written says nothing; where a stage is about some kinds only, each of its rules names them. */
function rules<Rule extends { readonly gate: readonly string[] }>(
  stage: Stage,
  rule: Rule | undefined,
  textsOf: (rule: Rule) => Readonly<Record<string, string | number | undefined>>,
): RuleText[] {
  if (rule === undefined) return [];
  const about = rule.gate.includes('*') ? '' : `${rule.gate.join(', ')}: `;
  return Object.entries(textsOf(rule)).flatMap(([name, says]) =>
    typeof says === 'string' ? [{ name: `stages.${stage}.${name}`, says: `${about}${says}` }] : [],
  );
}
