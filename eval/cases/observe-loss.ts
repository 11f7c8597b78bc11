import type { LossEstimate } from '../../validators/loss-estimate.ts';
import type { CoverageCase, Observation } from './case.ts';

/** Lost shares at which every estimator is asked. */
const RATIOS: readonly number[] = [0.005, 0.02, 0.05, 0.2];
const WINDOWS = ['fast', 'slow'] as const;
export type Window = (typeof WINDOWS)[number];

/** What nominal 95 % intervals must hold: of 200 runs at a true 95 % one share in twenty lies outside all the same. */
export const NOMINAL: CoverageCase['goal'] = { min: 0.93, max: 0.98 };

/** One window of an estimate; one that vetoed itself, or saw too little, knows nothing. */
function observeLoss(estimate: LossEstimate | undefined, window: Window, truth: number): Observation {
  const interval = estimate === undefined || estimate.veto !== null ? null : estimate[window].interval;
  return { lower: interval?.lower ?? null, upper: interval?.upper ?? null, truth };
}

/** Cases of one estimator at all ratios and in both windows, which hold the ratio it is made to lose at. */
export function lossCases(of: {
  readonly check: string;
  /** Of records or batches, as a person would say it. */
  readonly fault: string;
  readonly windows?: readonly Window[];
  readonly estimate: (run: {
    readonly ratio: number;
    readonly window: Window;
    readonly seed: number;
  }) => LossEstimate | undefined;
}): CoverageCase[] {
  return (of.windows ?? WINDOWS).flatMap((window) =>
    RATIOS.map((ratio) => ({
      check: `${of.check}, ${window} window`,
      fault: `${100 * ratio} % ${of.fault}`,
      holds: 'interval' as const,
      goal: NOMINAL,
      run: (seed: number) => observeLoss(of.estimate({ ratio, window, seed }), window, ratio),
    })),
  );
}
