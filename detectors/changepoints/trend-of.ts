import { median } from 'simple-statistics';

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
/** Beyond it a few dozen values cannot tell a slow return from a trend. */
const PHI_MAX = 0.9;

/**
 * The straight trend of a short regular series, robust to a quarter of its values being wild. O(n^2): a week of hours
 * at most.
 * @param values null where one is missing
 * @param zMin a z below it is not asked for: where even independent values would not reach it, slopes are not computed
 * @returns null of fewer than eight values, and of no trend of `zMin`
 * @see Sen 1968, doi:10.1080/01621459.1968.10480934; Hamed and Rao 1998, doi:10.1016/S0022-1694(97)00125-X
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
  const variance = independent * inflation(points.map(({ x, y }) => y - slope * x - intercept));
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

/**
 * (1 + phi) / (1 - phi). What a line leaves over shows less autocorrelation than there is, by (2 + 4 phi) / n: of a
 * dozen values with phi 0.6, one in seven would be called a trend at 5 % without that being put back.
 */
function inflation(residuals: readonly number[]): number {
  const n = residuals.length;
  const mean = residuals.reduce((sum, r) => sum + r, 0) / n;
  let products = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    const residual = (residuals[i] as number) - mean;
    squares += residual * residual;
    products += residual * ((residuals[i + 1] ?? mean) - mean);
  }
  if (squares === 0) return 1;
  const phi = Math.min(PHI_MAX, Math.max(0, (n * (products / squares) + 2) / (n - 4)));
  return (1 + phi) / (1 - phi);
}
