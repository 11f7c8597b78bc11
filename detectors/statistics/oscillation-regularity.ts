/** How regularly a series swings about its mean. */
export interface Oscillation {
  /** Mean interval between zero crossings of the autocorrelation over three of its standard deviations: above 1 it swings regularly. */
  readonly regularity: number;
  /** Intervals between zero crossings. */
  readonly intervals: number;
  /** In steps of the series; NaN of no interval. */
  readonly period: number;
}

/**
 * Regularity of an oscillation, by the zero crossings of its autocorrelation: noise has a spread of intervals, a loop
 * that hunts has one. Lags reach half of the series, so that each rests on as many products.
 * @param values in time order, trend taken out
 * @see Thornhill, Huang and Zhang 2003, doi:10.1016/S0959-1524(02)00007-0
 */
export function oscillationRegularity(values: Float64Array): Oscillation {
  const n = values.length;
  let mean = 0;
  for (const value of values) mean += value / n;
  const crossings: number[] = [];
  let before = 1;
  for (let lag = 1; lag <= n >> 1; lag++) {
    let sum = 0;
    for (let i = lag; i < n; i++)
      sum += ((values[i] as number) - mean) * ((values[i - lag] as number) - mean);
    if (sum < 0 !== before < 0) crossings.push(lag - 1 + before / (before - sum));
    before = sum;
  }
  const intervals = crossings.slice(1).map((at, i) => at - (crossings[i] as number));
  if (intervals.length < 2) return { regularity: 0, intervals: intervals.length, period: Number.NaN };
  const interval = intervals.reduce((sum, of) => sum + of, 0) / intervals.length;
  const variance = intervals.reduce((sum, of) => sum + (of - interval) ** 2, 0) / (intervals.length - 1);
  // A perfect sine has no spread at all.
  const regularity = variance === 0 ? Number.POSITIVE_INFINITY : interval / (3 * Math.sqrt(variance));
  return { regularity, intervals: intervals.length, period: 2 * interval };
}
