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
  let sum = 0;
  let unknown = 0;
  for (let i = 0; i < length; i++) {
    const value = values[i] as number;
    if (Number.isNaN(value)) unknown++;
    else sum += value;
    sums[i + 1] = sum;
  }
  // Where all is known, there is nothing to count.
  const counts = unknown === 0 ? null : countsOf(values);
  return {
    length,
    sum(from, until) {
      const end = Math.min(length, Math.max(0, until));
      const start = Math.min(end, Math.max(0, from));
      return (sums[end] as number) - (sums[start] as number);
    },
    count(from, until) {
      const end = Math.min(length, Math.max(0, until));
      const start = Math.min(end, Math.max(0, from));
      return counts === null ? end - start : (counts[end] as number) - (counts[start] as number);
    },
    mean(from, until) {
      const end = Math.min(length, Math.max(0, until));
      const start = Math.min(end, Math.max(0, from));
      const n = counts === null ? end - start : (counts[end] as number) - (counts[start] as number);
      return n === 0 ? Number.NaN : ((sums[end] as number) - (sums[start] as number)) / n;
    },
  };
}

function countsOf(values: Float64Array): Uint32Array {
  const counts = new Uint32Array(values.length + 1);
  let known = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isNaN(values[i])) known++;
    counts[i + 1] = known;
  }
  return counts;
}
