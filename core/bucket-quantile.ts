/** Counts between two values each; a bucket without width is all of it at that value. Any order, overlaps are added. */
export interface Buckets {
  readonly from: number[];
  readonly to: number[];
  readonly count: number[];
}

export function emptyBuckets(): Buckets {
  return { from: [], to: [], count: [] };
}

export function addBucket(into: Buckets, from: number, to: number, count: number): void {
  if (!(count > 0)) return;
  into.from.push(from);
  into.to.push(to);
  into.count.push(count);
}

/** Halvings of the widest range of values: far below the width of any bucket. */
const STEPS = 60;

/**
 * The value below which a share of the counts lies, taken as evenly spread within each bucket.
 * @param quantile 0 to 1
 * @returns NaN of no counts
 */
export function bucketQuantile({ from, to, count }: Buckets, quantile: number): number {
  let total = 0;
  let isApart = true;
  for (let i = 0; i < count.length; i++) {
    total += count[i] as number;
    if (i > 0 && (from[i] as number) < (to[i - 1] as number)) isApart = false;
  }
  if (total === 0) return Number.NaN;
  const wanted = quantile * total;
  if (isApart) {
    let seen = 0;
    for (let i = 0; i < count.length; i++) {
      const here = count[i] as number;
      if (seen + here >= wanted) {
        return (from[i] as number) + ((wanted - seen) / here) * ((to[i] as number) - (from[i] as number));
      }
      seen += here;
    }
  }
  let low = Math.min(...from);
  let high = Math.max(...to);
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    let below = 0;
    for (let i = 0; i < count.length; i++) {
      const [start, end] = [from[i] as number, to[i] as number];
      const share = middle >= end ? 1 : middle <= start ? 0 : (middle - start) / (end - start);
      below += share * (count[i] as number);
    }
    if (below < wanted) low = middle;
    else high = middle;
  }
  return high;
}
