import type { JudgedStep } from './judge-step.ts';

/** Of the steps that count, how many must agree. */
export const AGREE_RATIO = 0.8;
/** Breaks even with violated steps at AGREE_RATIO: 4 x 1 - 4. */
const NOT_VIOLATED_SCORE = -4;
/** Fewer steps than this are no state. */
export const STEPS_MIN = 6;

/** Steps that count and how many of them were violated. */
export interface StepCount {
  readonly usable: number;
  readonly violated: number;
}

export function countSteps(steps: readonly JudgedStep[]): StepCount {
  const usable = steps.filter((step) => step.state !== 'too-few').length;
  return { usable, violated: steps.filter((step) => step.state === 'violated').length };
}

/** Of spans as received a share may be that of the sampler: such steps raise a suspicion, and nothing more. */
export function withKnownWeights(steps: readonly JudgedStep[]): JudgedStep[] {
  return steps.map((step) => (step.requests === null ? { ...step, state: 'too-few' } : step));
}

/** Of the steps that count, in at least `AGREE_RATIO` it is known how many requests the spans stand for. */
export function areWeightsKnown(steps: readonly JudgedStep[]): boolean {
  const { usable } = countSteps(steps);
  return countSteps(withKnownWeights(steps)).usable >= AGREE_RATIO * usable;
}

/** Outside the intent: at least `STEPS_MIN` steps count, and at least `AGREE_RATIO` of them are violated. */
export function isBad({ usable, violated }: StepCount): boolean {
  return usable >= STEPS_MIN && violated >= AGREE_RATIO * usable;
}

/** Enough of `steps` have data, and at least `AGREE_RATIO` of these are not violated. */
export function isMet(steps: readonly JudgedStep[]): boolean {
  const { usable, violated } = countSteps(steps);
  return hasData(steps) && usable - violated >= AGREE_RATIO * usable;
}

export function hasData(steps: readonly JudgedStep[]): boolean {
  return steps.length > 0 && countSteps(steps).usable >= AGREE_RATIO * steps.length;
}

/**
 * Index of the first violated step of the run that reaches to the end, or null when there is no run. Going back from
 * the end, a violated step counts +1 and another -4, so a stretch of 80 % violated breaks even; the onset is where
 * the sum is largest (the usual estimate of a change point for such a score), and never lies before a stretch of
 * `windowSteps` in which the intent was met: that would have closed the finding.
 */
export function findOnset(steps: readonly JudgedStep[], windowSteps: number): number | null {
  let score = 0;
  let best = { score: 0, index: -1 };
  for (let i = steps.length - 1; i >= 0; i--) {
    if (i + windowSteps <= steps.length && isMet(steps.slice(i, i + windowSteps))) break;
    const { state } = steps[i] as JudgedStep;
    if (state === 'too-few') continue;
    score += state === 'violated' ? 1 : NOT_VIOLATED_SCORE;
    if (state === 'violated' && score >= best.score) best = { score, index: i };
  }
  return best.index >= 0 && isBad(countSteps(steps.slice(best.index))) ? best.index : null;
}
