import type { ConstraintSet } from './constraints/constraint-set.ts';
import { stopForMs } from './guardrails/repair-effect.ts';
import { RECENT_SPAN_MS } from './recent-actions.ts';

/** Plans are compared over this time even where no set limits anything. */
const SPAN_MS_MIN = 3_600_000;

function spanOf({ guardrails, stages }: ConstraintSet): number {
  const { changeBudget, cooldown, flap, repairEffect } = guardrails;
  const { deployment, routing, recovery } = stages;
  // Steps of a plan, and what was taken out of rotation, count however long ago they were.
  const isWhole =
    deployment?.bake !== undefined || deployment?.effectLag !== undefined || routing?.floor !== undefined;
  return Math.max(
    SPAN_MS_MIN,
    ...changeBudget.map(({ per }) => per),
    ...cooldown.map((row) => row.for),
    ...flap.map(({ per }) => per),
    ...repairEffect.map((rule) => rule.within + stopForMs(rule)),
    recovery?.budget?.perMs ?? 0,
    isWhole ? RECENT_SPAN_MS : 0,
  );
}

/** How far back the limits of these sets look. */
export function recentSpanMs(sets: readonly ConstraintSet[]): number {
  return Math.min(RECENT_SPAN_MS, Math.max(SPAN_MS_MIN, ...sets.map(spanOf)));
}
