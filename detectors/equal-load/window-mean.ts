export interface WindowMean {
  /** NaN of no known minute. */
  readonly mean: number;
  /** Minutes that are known. */
  readonly n: number;
  /** Share of the window's minutes that are known; below 0.5 nothing can be said. */
  readonly coverageRatio: number;
}

/** Below this share of known minutes a window says nothing. */
export const COVERAGE_MIN = 0.5;

/** Mean of the known minutes of [from, until). */
export function windowMean(values: Float64Array, fromMinute: number, untilMinute: number): WindowMean {
  let sum = 0;
  let n = 0;
  const end = Math.min(untilMinute, values.length);
  for (let minute = Math.max(0, fromMinute); minute < end; minute++) {
    const value = values[minute] as number;
    if (Number.isNaN(value)) continue;
    sum += value;
    n++;
  }
  return {
    mean: n === 0 ? Number.NaN : sum / n,
    n,
    coverageRatio: n / Math.max(1, untilMinute - fromMinute),
  };
}
