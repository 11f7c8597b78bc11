/**
 * Which of a family of p-values are discoveries at a false discovery rate (Benjamini and Hochberg): those up to the
 * largest that is no more than its rank's share of the rate.
 * @param family how many were tested; those that are not in `pValues` count as 1
 * @returns the largest p-value that is one; negative of none
 * @see Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x
 */
export function discoveryLimit(pValues: readonly number[], family: number, rate: number): number {
  const sorted = [...pValues].sort((a, b) => a - b);
  for (let rank = sorted.length; rank > 0; rank--) {
    const p = sorted[rank - 1] as number;
    if (p <= (rank / family) * rate) return p;
  }
  return -1;
}
