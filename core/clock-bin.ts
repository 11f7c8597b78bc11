/**
 * Bins of differences between two clocks, either sign: 64 to an octave of 1 + |ms|, so 1.1 % wide: 0.2 ms at 20 ms,
 * 55 ms at 5 s. The SQL that settles host pairs uses the same formula; counts per bin add.
 */
const BINS_PER_OCTAVE = 64;

export function clockBin(ms: number): number {
  const size = Math.floor(BINS_PER_OCTAVE * Math.log2(1 + Math.abs(ms)));
  return ms < 0 ? -1 - size : size;
}

/** Smallest value of a bin, ms: bin b lies between its own lower end and that of b + 1. */
export function clockBinLower(bin: number): number {
  return bin < 0 ? -(2 ** (-bin / BINS_PER_OCTAVE) - 1) : 2 ** (bin / BINS_PER_OCTAVE) - 1;
}
