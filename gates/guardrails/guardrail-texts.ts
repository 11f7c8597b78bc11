import type { ConstraintSet } from '../constraints/constraint-set.ts';
import { percentText, spanText } from './asked.ts';
import { stopForMs } from './repair-effect.ts';

type Guardrails = ConstraintSet['guardrails'];

/** What a rule of a set comes to, in a sentence, under its place in the file. */
export interface RuleText {
  readonly name: string;
  readonly says: string;
}

/** In the order in which they are asked. */
export function guardrailTexts({
  guardrails,
  scope,
}: Pick<ConstraintSet, 'guardrails' | 'scope'>): RuleText[] {
  const { changeBudget, cooldown, flap, massEvent, repairEffect } = guardrails;
  const under = (section: string) => (says: string) => ({ name: `guardrails.${section}`, says });
  return [
    ...changeBudget.map((one) => budgetText(one, scope.service)).map(under('changeBudget')),
    ...cooldown
      .map((one) => `for ${spanText(one.for)} after ${one.after} no ${listed(one.blocks)}`)
      .map(under('cooldown')),
    ...flap.map(flapText).map(under('flap')),
    ...(massEvent === undefined ? [] : [massEvent])
      .map(
        (one) => `${one.then} while more than ${percentText(one.ifUnhealthyPct)} look unhealthy: ${one.say}`,
      )
      .map(under('massEvent')),
    ...repairEffect.map(repairText).map(under('repairEffect')),
  ];
}

function budgetText(budget: Guardrails['changeBudget'][number], service: string): string {
  const { per, maxActions, maxTargetsPct, over, except } = budget;
  const most = [
    ...(maxActions === undefined ? [] : [`${maxActions} actions`]),
    ...(maxTargetsPct === undefined ? [] : [`${maxTargetsPct} % of the targets`]),
  ];
  const fleet = over === undefined ? '' : `, of ${listed([service, ...over])} together`;
  const free = except.length === 0 ? '' : `; not counted: ${listed(except)}`;
  return `at most ${most.join(' and ')} within ${spanText(per)}${fleet}${free}`;
}

function flapText({ opposite, max, per, then }: Guardrails['flap'][number]): string {
  return `${then} when it turns between ${opposite.join(' and ')} more than ${max} times within ${spanText(per)}`;
}

function repairText(rule: Guardrails['repairEffect'][number]): string {
  const { watch, within, kinds } = rule;
  return `no ${listed(kinds)} for ${spanText(stopForMs(rule))} when ${watch} is not better ${spanText(within)} after one`;
}

function listed(words: readonly string[]): string {
  return words.join(', ');
}
