import { EDGE_STEP_MINUTES } from '../../../core/system-history.ts';
import { type PrefixMean, prefixMean } from '../../statistics/prefix-mean.ts';

/** A series in steps of an edge, asked by minutes: a step counts where it lies wholly in them, as each of its minutes. */
export function stepSignal(steps: Float64Array): PrefixMean {
  const sums = prefixMean(steps);
  const stepAt = (minute: number) => Math.floor(minute / EDGE_STEP_MINUTES);
  return {
    length: steps.length * EDGE_STEP_MINUTES,
    mean: (from, until) => sums.mean(stepAt(from), stepAt(until)),
    sum: (from, until) => sums.sum(stepAt(from), stepAt(until)),
    count: (from, until) => EDGE_STEP_MINUTES * sums.count(stepAt(from), stepAt(until)),
  };
}

/** Of minutes, the sums of each whole step; NaN where no minute of it is known. Unknown minutes count as the others. */
export function stepSums(minutes: Float64Array): Float64Array {
  const steps = new Float64Array(Math.floor(minutes.length / EDGE_STEP_MINUTES));
  for (let step = 0; step < steps.length; step++) {
    let sum = 0;
    let known = 0;
    for (let at = step * EDGE_STEP_MINUTES; at < (step + 1) * EDGE_STEP_MINUTES; at++) {
      const value = minutes[at] as number;
      if (Number.isNaN(value)) continue;
      sum += value;
      known++;
    }
    steps[step] = known === 0 ? Number.NaN : (sum / known) * EDGE_STEP_MINUTES;
  }
  return steps;
}
