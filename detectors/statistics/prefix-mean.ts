/** Means over any stretch of a series in constant time; NaN is not known, and is left out. */
export interface PrefixMean {
  readonly length: number;
  /** NaN where nothing is known. */
  mean(from: number, until: number): number;
  sum(from: number, until: number): number;
  /** Values that are known. */
  count(from: number, until: number): number;
}

/** Indices of the stretch are cut to the series. */
export function prefixMean(values: Float64Array): PrefixMean {
  const { length } = values;
  const sums = new Float64Array(length + 1);
  const counts = new Float64Array(length + 1);
  for (let i = 0; i < length; i++) {
    const value = values[i] as number;
    const isKnown = !Number.isNaN(value);
    sums[i + 1] = (sums[i] as number) + (isKnown ? value : 0);
    counts[i + 1] = (counts[i] as number) + (isKnown ? 1 : 0);
  }
  const over = (totals: Float64Array, from: number, until: number): number => {
    const end = Math.min(length, Math.max(0, until));
    const start = Math.min(end, Math.max(0, from));
    return (totals[end] as number) - (totals[start] as number);
  };
  return {
    length,
    sum: (from, until) => over(sums, from, until),
    count: (from, until) => over(counts, from, until),
    mean(from, until) {
      const n = over(counts, from, until);
      return n === 0 ? Number.NaN : over(sums, from, until) / n;
    },
  };
}
