import type { SamplingWindow } from '../../core/sampling/sampling-window.ts';
import { windowWeight } from './window-weight.ts';

/** Local roots of some windows and what they stand for. */
export interface WeighedRoots {
  /** As counted, of the subset of traces. */
  readonly roots: number;
  readonly weightless: number;
  /** Y: the sum of the weights, those of the subset included. */
  readonly weightSum: number;
  readonly weightSquares: number;
  /** Design effect of roots of one trace, which share their fate; 1 where every trace has one. */
  readonly designEffect: number;
}

export function weighRoots(windows: readonly SamplingWindow[]): WeighedRoots {
  let roots = 0;
  let weightless = 0;
  let weightSum = 0;
  let weightSquares = 0;
  let rootPairs = 0;
  for (const window of windows) {
    const weight = windowWeight(window);
    roots += window.roots;
    rootPairs += window.rootPairs;
    if (weight === null) {
      weightless += window.roots;
      continue;
    }
    // Taking one in k traces is one more stage of sampling, whose rate is known.
    const whole = weight * window.oneIn;
    weightSum += whole * window.roots;
    weightSquares += whole * whole * window.roots;
  }
  return {
    roots,
    weightless,
    weightSum,
    weightSquares,
    designEffect: roots === 0 ? 1 : Math.max(1, rootPairs / roots),
  };
}

/** Weight of the span that a unit of the sum comes from: sum(w^2) / sum(w), the 1 / p of one sampler. */
export function weightPerRoot({ weightSum, weightSquares }: WeighedRoots): number {
  return weightSum === 0 ? 1 : weightSquares / weightSum;
}
