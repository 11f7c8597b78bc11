import { median } from 'simple-statistics';
import { trendInflation } from '../statistics/trend-inflation.ts';

export interface Trend {
  /** Change per step: the median of the slopes between all pairs (Theil-Sen). */
  readonly slope: number;
  /** Where the line ends: its value at the last step. */
  readonly level: number;
  /**
   * Mann-Kendall statistic in standard errors, made smaller for what neighbours have in common. About
   * standard normal of a series without a trend.
   */
  readonly z: number;
}

const VALUES_MIN = 8;

/**
 * The straight trend of a short regular series, robust to a quarter of its values being wild. O(n^2): a week of hours
 * at most.
 * @param values null where one is missing
 * @param zMin a z below it is not asked for: where independent values would not reach it, slopes are not computed
 * @returns null of fewer than eight values, and of no trend of `zMin`
 * @see Sen 1968, doi:10.1080/01621459.1968.10480934
 */
export function trendOf(values: readonly (number | null)[], zMin = 0): Trend | null {
  const points = values.flatMap((y, x) => (y === null ? [] : [{ x, y }]));
  const n = points.length;
  if (n < VALUES_MIN) return null;
  const rising = risingPairs(points);
  const independent = (n * (n - 1) * (2 * n + 5)) / 18;
  if (Math.abs(rising) < zMin * Math.sqrt(independent)) return null;
  const slope = median(slopesOf(points));
  const intercept = median(points.map(({ x, y }) => y - slope * x));
  const variance = independent * trendInflation(points.map(({ x, y }) => y - slope * x - intercept));
  // One step towards zero: the statistic moves in twos.
  const z = rising === 0 ? 0 : (rising - Math.sign(rising)) / Math.sqrt(variance);
  if (Math.abs(z) < zMin) return null;
  return { slope, level: intercept + slope * (values.length - 1), z };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function risingPairs(points: readonly Point[]): number {
  let rising = 0;
  for (let i = 0; i < points.length; i++) {
    for (let j = i + 1; j < points.length; j++) {
      rising += Math.sign((points[j] as Point).y - (points[i] as Point).y);
    }
  }
  return rising;
}

function slopesOf(points: readonly Point[]): number[] {
  return points.flatMap((from, i) => points.slice(i + 1).map((to) => (to.y - from.y) / (to.x - from.x)));
}
