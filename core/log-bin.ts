/**
 * Log-scaled bins of the tallies: bin = floor(8 * log2(1 + x)), about 9 % wide each. The SQL of the tallies
 * uses the same formula; counts per bin are exact and additive, so they merge in any order.
 * Bin -1 holds negative values (a clock ahead of ours), which no logarithm can place.
 */
const BINS_PER_OCTAVE = 8;

export function logBin(x: number): number {
  return x < 0 ? -1 : Math.floor(BINS_PER_OCTAVE * Math.log2(1 + x));
}

/** Smallest value of a bin; a bin holds [binLower(b), binLower(b + 1)). Bin -1 has no lower end. */
export function binLower(bin: number): number {
  return bin < 0 ? Number.NEGATIVE_INFINITY : 2 ** (bin / BINS_PER_OCTAVE) - 1;
}
