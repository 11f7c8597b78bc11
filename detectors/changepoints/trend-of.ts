import { median } from 'simple-statistics';
import { varianceInflation } from '../statistics/autocorrelation.ts';

export interface Trend {
  /** Change per step: the median of the slopes between all pairs (Theil-Sen). */
  readonly slope: number;
  /** Where the line ends: its value at the last step. */
  readonly level: number;
  /**
   * Mann-Kendall statistic in standard errors, made smaller for the autocorrelation of what the line leaves over. About
   * standard normal of a series without a trend.
   */
  readonly z: number;
}

const VALUES_MIN = 8;

/**
 * The straight trend of a short regular series, robust to a quarter of its values being wild. O(n^2): a week of hours
 * at most.
 * @param values null where one is missing
 * @returns null of fewer than eight values
 * @see Sen 1968, doi:10.1080/01621459.1968.10480934; Hamed and Rao 1998, doi:10.1016/S0022-1694(97)00125-X
 */
export function trendOf(values: readonly (number | null)[]): Trend | null {
  const points = values.flatMap((y, x) => (y === null ? [] : [{ x, y }]));
  const n = points.length;
  if (n < VALUES_MIN) return null;
  const slopes: number[] = [];
  let rising = 0;
  for (const [i, { x, y }] of points.entries()) {
    for (const later of points.slice(i + 1)) {
      slopes.push((later.y - y) / (later.x - x));
      rising += Math.sign(later.y - y);
    }
  }
  const slope = median(slopes);
  const intercept = median(points.map(({ x, y }) => y - slope * x));
  const residuals = points.map(({ x, y }) => y - slope * x - intercept);
  const variance = ((n * (n - 1) * (2 * n + 5)) / 18) * varianceInflation(residuals);
  // One step towards zero: the statistic moves in twos.
  const z = rising === 0 ? 0 : (rising - Math.sign(rising)) / Math.sqrt(variance);
  return { slope, level: intercept + slope * (values.length - 1), z };
}
