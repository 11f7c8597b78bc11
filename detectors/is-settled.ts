import type { IntentTarget, StabilisedBadRule } from '../core/expectation.ts';
import type { Interval } from '../core/interval.ts';
import type { JudgedStep } from './judge-step.ts';
import { slopeInterval } from './statistics/slope-interval.ts';

/** A slope that may be none must also not hide a change as large as the level itself within the steps. */
const HIDDEN_CHANGE_MAX = 1;

export interface Settled {
  readonly holds: boolean;
  /** Change per hour as a share of the level, with its interval; null of too few steps. */
  readonly slopePerHour: Interval | null;
}

/**
 * Does the effect no longer change? The slope of the effect over time, per hour and relative to its level (shares of
 * bad requests; the logarithm of a latency, so that a share stuck at 1 does not hide one that still grows). Settled
 * when its 95 % interval lies within the rule's change per hour, or contains 0 and is narrow enough that the change
 * over these steps stays below the level itself. Minutes cannot show a few per cent an hour; they can show that
 * nothing moves much.
 * @param steps usable steps in time order
 */
export function isSettled(
  steps: readonly JudgedStep[],
  of: { readonly intent: IntentTarget; readonly rule: StabilisedBadRule },
): Settled {
  const slopePerHour = relativeSlope(steps, of.intent);
  if (slopePerHour === null) return { holds: false, slopePerHour };
  const { lower, upper } = slopePerHour;
  const limit = of.rule.changeRatioPerHour;
  const hours = hoursBetween(steps[0], steps.at(-1));
  const within = lower >= -limit && upper <= limit;
  const flat = lower <= 0 && upper >= 0 && ((upper - lower) / 2) * hours <= HIDDEN_CHANGE_MAX;
  return { holds: within || flat, slopePerHour };
}

function relativeSlope(steps: readonly JudgedStep[], intent: IntentTarget): Interval | null {
  const isRatio = intent.metric === 'ok_ratio';
  const points = steps.map((step) => ({
    x: hoursBetween(steps[0], step),
    // A duration of 0 has no logarithm; a microsecond is what the bins can tell from it.
    y: isRatio ? step.badRatio : Math.log(Math.max(step.value, 0.001)),
  }));
  const slope = slopeInterval(points);
  if (slope === null || !isRatio) return slope;
  const level = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  if (level === 0) return null;
  return { estimate: slope.estimate / level, lower: slope.lower / level, upper: slope.upper / level };
}

function hoursBetween(from: JudgedStep | undefined, to: JudgedStep | undefined): number {
  return ((to?.startMs ?? 0) - (from?.startMs ?? 0)) / 3_600_000;
}
