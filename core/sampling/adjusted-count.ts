/** 56 bits in two halves: a double near 2^56 has a spacing of 8, and a threshold close to it would make every span weigh the same. */
const HALF_DIGITS = 7;
const HALF = 2 ** 28;
/** Thresholds and randomness are below this. */
const RANGE = 2 ** 56;

/** 2^56 - T: of so many values of R the sampler keeps; rounded once, and only above 2^53. */
function keptRange(threshold: string): number {
  return differenceOf({ from: RANGE_HALVES, subtract: halvesOf(threshold) });
}

/** Spans that one sampled under this threshold stands for: 2^56 / (2^56 - T), in general not whole. */
export function adjustedCount(threshold: string): number {
  return RANGE / keptRange(threshold);
}

/**
 * U = (R - T) / (2^56 - T): uniform over [0, 1) for any T where sampling is consistent.
 * @param randomness R, and `threshold` T, in 14 hex digits, R >= T
 */
export function thresholdOffset({
  randomness,
  threshold,
}: {
  readonly randomness: string;
  readonly threshold: string;
}): number {
  const above = differenceOf({ from: halvesOf(randomness), subtract: halvesOf(threshold) });
  // Near 1 both round alike where T is near 2^56; a bin of 64 must still exist for it.
  return Math.min(above / keptRange(threshold), 1 - Number.EPSILON / 2);
}

interface Halves {
  readonly high: number;
  readonly low: number;
}

const RANGE_HALVES: Halves = { high: HALF, low: 0 };

function halvesOf(hex: string): Halves {
  return {
    high: Number.parseInt(hex.slice(0, HALF_DIGITS), 16),
    low: Number.parseInt(hex.slice(HALF_DIGITS), 16),
  };
}

/** The difference of the halves is exact, and their sum is rounded once. */
function differenceOf({ from, subtract }: { from: Halves; subtract: Halves }): number {
  return (from.high - subtract.high) * HALF + (from.low - subtract.low);
}
