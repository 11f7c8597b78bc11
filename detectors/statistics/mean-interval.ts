import type { Interval } from '../../core/interval.ts';
import { studentQuantile } from '../../core/student-quantile.ts';
import { varianceInflation } from './autocorrelation.ts';

/**
 * 95 % interval of the mean of a short series in time order: Student's t, with the variance inflated for lag-1
 * autocorrelation. One value has no spread: its interval is unbounded.
 * @param values at least one, each finite
 * @throws RangeError of nothing
 */
export function meanInterval(values: readonly number[]): Interval {
  const n = values.length;
  if (n === 0) throw new RangeError('meanInterval needs at least one value');
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) {
    return { estimate: mean, lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
  }
  const residuals = values.map((value) => value - mean);
  const variance = residuals.reduce((sum, value) => sum + value * value, 0) / (n - 1);
  const half = studentQuantile(0.975, n - 1) * Math.sqrt((variance / n) * varianceInflation(residuals));
  return { estimate: mean, lower: mean - half, upper: mean + half };
}
