/** Bins of load are about 8 % wide: services do much the same within one. */
const BINS_PER_E = 12;
/** Loads are counts, mostly: the bin of each of these is computed once. */
const TABLE_SIZE = 1 << 16;
let table: Int16Array | null = null;

/**
 * The bin of a load; a load that is not known is in none.
 * @param requests per minute
 * @returns null of NaN
 * @see drift.md section 1
 */
export function loadBin(requests: number): number | null {
  return Number.isNaN(requests) ? null : binOf(requests);
}

/** No bin: the load is not known. */
export const NO_BIN = -1;

/** The bin of every minute, NO_BIN where the load is not known. */
export function loadBinsOf(requests: Float64Array): Int16Array {
  table ??= Int16Array.from({ length: TABLE_SIZE }, (_, load) => binOf(load));
  const bins = new Int16Array(requests.length);
  for (let minute = 0; minute < bins.length; minute++) {
    const load = requests[minute] as number;
    const whole = load | 0;
    if (whole === load && whole >= 0 && whole < TABLE_SIZE) bins[minute] = table[whole] as number;
    else bins[minute] = Number.isNaN(load) ? NO_BIN : binOf(load);
  }
  return bins;
}

function binOf(requests: number): number {
  return Math.round(BINS_PER_E * Math.log1p(Math.max(0, requests)));
}
