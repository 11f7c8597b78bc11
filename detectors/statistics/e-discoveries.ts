/**
 * Which of a family of e-values are discoveries at a false discovery rate, whatever they have to do with each other (e-BH):
 * those down to the smallest that is no less than the family over its rank and the rate.
 * @param family how many were tested; those that are not in `eValues` count as 0
 * @returns the smallest e-value that is one; Infinity of none
 * @see Wang and Ramdas 2022, doi:10.1111/rssb.12489
 */
export function eDiscoveryLimit(eValues: readonly number[], family: number, rate: number): number {
  const sorted = [...eValues].sort((a, b) => b - a);
  for (let rank = sorted.length; rank > 0; rank--) {
    const e = sorted[rank - 1] as number;
    if (e >= family / (rank * rate)) return e;
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * The e-value that a p-value is worth: 1 / (2 sqrt p), whose mean is 1 of a p-value that means nothing. It gives half of the
 * zeros away; what is far beyond chance keeps enough of them.
 * @see Vovk and Wang 2021, doi:10.1214/20-AOS2020
 */
export function eValueOfP(p: number): number {
  return 0.5 / Math.sqrt(p);
}
