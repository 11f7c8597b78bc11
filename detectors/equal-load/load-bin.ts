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

/** No bin: the load is not known. */
export const NO_BIN = -1;

const known = new WeakMap<Float64Array, Int16Array>();

/** The bin of every minute, NO_BIN where the load is not known; of one array computed once, as every metric asks for it. */
export function loadBinsOf(requests: Float64Array): Int16Array {
  let bins = known.get(requests);
  if (bins === undefined) {
    bins = new Int16Array(requests.length);
    for (let minute = 0; minute < bins.length; minute++)
      bins[minute] = loadBin(requests[minute] as number) ?? NO_BIN;
    known.set(requests, bins);
  }
  return bins;
}
