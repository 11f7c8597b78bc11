import { randomFrom } from '../../core/random-from.ts';

/**
 * How the mean of `length` values in a row scatters, by circular block bootstrap: blocks keep neighbours together, so
 * their likeness is in the result; minutes drawn one by one would give intervals far too narrow.
 * @param values in time order; NaN is not known: it takes its place in a block, and adds nothing
 * @param of.blockLength at least as long as values resemble each other: 1 h of minutes, 1 day of days
 * @param of.length values in the mean; rounded up to whole blocks
 * @param of.seed the same seed gives the same draws
 * @returns the means of the draws, ascending; empty where no value is known, fewer where draws met none
 * @throws RangeError of a length that is none
 * @see Politis and Romano 1992, "A circular block-resampling procedure for stationary data"
 */
export function bootstrapMeans(
  values: Float64Array,
  of: {
    readonly blockLength: number;
    readonly length: number;
    readonly draws: number;
    readonly seed: number;
  },
): Float64Array {
  const { blockLength, length, draws } = of;
  if (!(blockLength >= 1) || !(length >= 1))
    throw new RangeError('a block and a mean need at least one value');
  const n = values.length;
  const sums = new Float64Array(n + blockLength + 1);
  const counts = new Uint32Array(n + blockLength + 1);
  let [total, known] = [0, 0];
  // Blocks go round: after the last value comes the first.
  for (let i = 0, at = 0; i < n + blockLength; i++, at++) {
    if (at === n) at = 0;
    const value = n === 0 ? Number.NaN : (values[at] as number);
    if (!Number.isNaN(value)) {
      total += value;
      known++;
    }
    sums[i + 1] = total;
    counts[i + 1] = known;
  }
  const random = randomFrom(of.seed);
  const blocks = Math.ceil(length / blockLength);
  const means = new Float64Array(draws);
  let drawn = 0;
  for (let draw = 0; draw < draws; draw++) {
    let sum = 0;
    let count = 0;
    for (let block = 0; block < blocks; block++) {
      const start = Math.floor(random() * n);
      sum += (sums[start + blockLength] as number) - (sums[start] as number);
      count += (counts[start + blockLength] as number) - (counts[start] as number);
    }
    if (count > 0) means[drawn++] = sum / count;
  }
  return means.subarray(0, drawn).sort();
}
