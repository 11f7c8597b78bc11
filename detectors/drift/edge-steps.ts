import { EDGE_STEP_MINUTES } from '../../core/system-history.ts';

/** Sums of a minute series over the steps of edges: the mean of the known minutes times ten; NaN of fewer than half. */
export function stepSums(values: Float64Array): Float64Array {
  const steps = Math.ceil(values.length / EDGE_STEP_MINUTES);
  const sums = new Float64Array(steps);
  for (let step = 0; step < steps; step++) {
    let sum = 0;
    let n = 0;
    const end = Math.min(values.length, (step + 1) * EDGE_STEP_MINUTES);
    for (let minute = step * EDGE_STEP_MINUTES; minute < end; minute++) {
      const value = values[minute] as number;
      if (Number.isNaN(value)) continue;
      sum += value;
      n++;
    }
    sums[step] = 2 * n < EDGE_STEP_MINUTES ? Number.NaN : (sum / n) * EDGE_STEP_MINUTES;
  }
  return sums;
}

/**
 * Ratio of two sums over the `width` steps that end at each step; NaN where fewer than half of the steps are known in
 * both, or the lower sum is not positive.
 */
export function trailingRatio(
  above: Float64Array,
  below: Float64Array,
  width: number,
): { readonly ratio: Float64Array; readonly below: Float64Array } {
  const ratio = new Float64Array(above.length).fill(Number.NaN);
  const sums = new Float64Array(above.length);
  let [a, b, n] = [0, 0, 0];
  const isKnown = (i: number) => !Number.isNaN((above[i] as number) + (below[i] as number));
  for (let i = 0; i < above.length; i++) {
    if (isKnown(i)) {
      a += above[i] as number;
      b += below[i] as number;
      n++;
    }
    const gone = i - width;
    if (gone >= 0 && isKnown(gone)) {
      a -= above[gone] as number;
      b -= below[gone] as number;
      n--;
    }
    sums[i] = b;
    if (i >= width - 1 && 2 * n >= width && b > 0) ratio[i] = Math.max(0, a) / b;
  }
  return { ratio, below: sums };
}
