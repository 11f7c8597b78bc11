/** Bins of load are about 8 % wide: services do much the same within one. */
const BINS_PER_E = 12;

/**
 * The bin of a load; a load that is not known is in none.
 * @param requests per minute
 * @returns null of NaN
 * @see drift.md section 1
 */
export function loadBin(requests: number): number | null {
  return Number.isNaN(requests) ? null : Math.round(BINS_PER_E * Math.log1p(Math.max(0, requests)));
}
