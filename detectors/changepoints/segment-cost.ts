/** Squared error of the best fit to the samples [from, to) of a series. */
export interface SegmentCost {
  readonly length: number;
  of(from: number, to: number): number;
}

export type SegmentModel = 'constant' | 'linear';

/**
 * Cost tables of one or more channels from cumulative sums: O(n) to build, O(1) to ask. Both models are superadditive
 * (cutting a segment never costs more), which is what the pruning of `partition` rests on.
 * @param channels each of one length and about standardised: a sum of squares of large numbers loses its digits
 * @see Killick, Fearnhead and Eckley 2012, doi:10.1080/01621459.2012.737745
 */
export function segmentCost(channels: readonly (readonly number[])[], model: SegmentModel): SegmentCost {
  const [first] = channels;
  if (first === undefined) throw new RangeError('segmentCost needs at least one channel');
  const tables = channels.map((values) => ({
    sum: cumulative(values),
    square: cumulative(values.map((y) => y * y)),
    moment: cumulative(values.map((y, i) => i * y)),
  }));
  const isLinear = model === 'linear';
  return {
    length: first.length,
    // One function for both models and any number of channels: the search calls it millions of times, and only what
    // has one shape is compiled into it.
    of(from, to) {
      const count = to - from;
      // Sum of (x - mean x) squared over consecutive whole numbers.
      const spread = (count * (count * count - 1)) / 12;
      const middle = (from + to - 1) / 2;
      let total = 0;
      for (let k = 0; k < tables.length; k++) {
        const { sum, square, moment } = tables[k] as (typeof tables)[number];
        const s = at(sum, to) - at(sum, from);
        let left = at(square, to) - at(square, from) - (s * s) / count;
        if (isLinear && spread > 0) {
          const product = at(moment, to) - at(moment, from) - middle * s;
          left -= (product * product) / spread;
        }
        if (left > 0) total += left;
      }
      return total;
    },
  };
}

function cumulative(values: readonly number[]): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = at(sums, i) + (values[i] as number);
  return sums;
}

function at(values: Float64Array, index: number): number {
  return values[index] as number;
}
