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
  const costs = channels.map((values) => (model === 'constant' ? constantCost(values) : linearCost(values)));
  const [first] = costs;
  if (first === undefined) throw new RangeError('segmentCost needs at least one channel');
  if (costs.length === 1) return first;
  return {
    length: first.length,
    of: (from, to) => costs.reduce((sum, cost) => sum + cost.of(from, to), 0),
  };
}

function constantCost(values: readonly number[]): SegmentCost {
  const sum = cumulative(values);
  const square = cumulative(values.map((y) => y * y));
  return {
    length: values.length,
    of(from, to) {
      const s = at(sum, to) - at(sum, from);
      return Math.max(0, at(square, to) - at(square, from) - (s * s) / (to - from));
    },
  };
}

function linearCost(values: readonly number[]): SegmentCost {
  const n = values.length;
  const sum = cumulative(values);
  const square = cumulative(values.map((y) => y * y));
  const moment = cumulative(values.map((y, i) => i * y));
  return {
    length: n,
    of(from, to) {
      const count = to - from;
      const s = at(sum, to) - at(sum, from);
      const mean = s / count;
      const flat = at(square, to) - at(square, from) - s * mean;
      // Sum of (x - mean x) squared over consecutive whole numbers.
      const spread = (count * (count * count - 1)) / 12;
      if (spread === 0) return Math.max(0, flat);
      const product = at(moment, to) - at(moment, from) - ((from + to - 1) / 2) * s;
      return Math.max(0, flat - (product * product) / spread);
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
