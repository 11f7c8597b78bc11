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
  /** Heaviest of them. */
  readonly weightMax: number;
  /** Design effect of roots of one trace, which share their fate; 1 where every trace has one. */
  readonly designEffect: number;
}

export function weighRoots(windows: readonly SamplingWindow[]): WeighedRoots {
  let roots = 0;
  let weightless = 0;
  let weightSum = 0;
  let weightSquares = 0;
  let weightMax = 0;
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
    if (window.roots > 0) weightMax = Math.max(weightMax, whole);
  }
  return {
    roots,
    weightless,
    weightSum,
    weightSquares,
    weightMax,
    designEffect: roots === 0 ? 1 : Math.max(1, rootPairs / roots),
  };
}

/**
 * Weight of the span that a unit of the sum comes from: sum(w^2) / sum(w), the 1 / p of one sampler. Of spans of the
 * heaviest weight ln(1 / alpha) more are taken to be there than were seen: so many may have been missed by chance, and
 * without them a service of which only the hot traces (th:0) came through would seem to have no variance at all.
 * @param weightMax heaviest weight of this service and of those it shares traces with
 */
export function weightPerRoot(
  { weightSum, weightSquares }: WeighedRoots,
  { weightMax, alpha }: { readonly weightMax: number; readonly alpha: number },
): number {
  const unseen = Math.log(1 / alpha);
  const sum = weightSum + unseen * weightMax;
  return sum === 0 ? 1 : (weightSquares + unseen * weightMax * weightMax) / sum;
}
