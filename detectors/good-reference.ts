import type { JudgedStep } from './judge-step.ts';

/**
 * A load bin is known from this many good steps in it or beside it, if they are most of the steps there: an earlier
 * time in the same bad state does not make its load a bad one.
 */
const GOOD_STEPS_MIN = 3;
const GOOD_RATIO_MIN = 0.5;

/** How the service did before, at the loads it has now. */
export interface GoodReference {
  /** Steps before that were not violated, at any load. */
  readonly goodStepCount: number;
  /** Share of the steps now whose load the service was good at before. */
  readonly knownLoadRatio: number;
  /** For each step now, the metric then at that load; null at loads that are not known. */
  readonly values: readonly (number | null)[];
}

/**
 * Load bins as in drift.md section 1: round(12 ln(1 + requests per minute)), about 8 % wide; a neighbour counts.
 * Requests are what arrived at the service (adjusted counts), retries included: a retry storm is a load of its own.
 * @param before usable steps before the onset
 * @param now usable steps to compare
 */
export function goodReference(
  before: readonly JudgedStep[],
  now: readonly JudgedStep[],
  stepMs: number,
): GoodReference {
  const bins = Map.groupBy(before, (step) => loadBin(step.requests, stepMs));
  const values = now.map((step) => {
    const bin = loadBin(step.requests, stepMs);
    if (bin === null) return null;
    const near = [bin - 1, bin, bin + 1].flatMap((one) => bins.get(one) ?? []);
    const good = near.filter((one) => one.state === 'not-violated');
    const isKnown = good.length >= GOOD_STEPS_MIN && good.length >= GOOD_RATIO_MIN * near.length;
    return isKnown ? good.reduce((sum, one) => sum + one.value, 0) / good.length : null;
  });
  return {
    goodStepCount: before.filter((step) => step.state === 'not-violated').length,
    knownLoadRatio: now.length === 0 ? 0 : values.filter((value) => value !== null).length / now.length,
    values,
  };
}

/** Null where nobody knows how many requests the spans stand for: as many spans may be another load. */
function loadBin(requests: number | null, stepMs: number): number | null {
  if (requests === null) return null;
  return Math.round(12 * Math.log(1 + (requests * 60_000) / stepMs));
}
