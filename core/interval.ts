/** An estimate with the interval that covers the truth with probability `confidence`. */
export interface Interval {
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
}

/** Two-sided standard normal quantile for 95 %, the confidence of every interval unless one says otherwise. */
const Z_95 = 1.959963984540054;

/**
 * Wilson score interval of a proportion. `k` and `n` may be fractions: an effective count after a design
 * effect is one.
 * @param k successes, 0 <= k <= n
 * @param n trials, > 0
 * @throws RangeError when the counts are impossible
 * @see Wilson 1927, doi:10.1080/01621459.1927.10502953
 */
export function wilson(k: number, n: number, z: number = Z_95): Interval {
  if (!(n > 0) || !(k >= 0) || k > n * (1 + 1e-12)) {
    throw new RangeError(`wilson needs 0 <= k <= n and n > 0, got k=${k} n=${n}`);
  }
  const p = Math.min(1, k / n);
  const z2 = z * z;
  const centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (z / (1 + z2 / n)) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
  // At the ends the formula is exact but for rounding, which must not push an impossible -1e-17 out.
  return {
    estimate: p,
    lower: p === 0 ? 0 : Math.max(0, centre - half),
    upper: p === 1 ? 1 : Math.min(1, centre + half),
  };
}

/**
 * Dvoretzky-Kiefer-Wolfowitz half-width of an empirical distribution function: with probability `confidence`
 * the whole true curve lies within it.
 * @see Massart 1990, doi:10.1214/aop/1176990746
 */
export function dkwHalfWidth(n: number, confidence: number): number {
  if (!(n > 0)) throw new RangeError(`dkwHalfWidth needs n > 0, got ${n}`);
  return Math.sqrt(Math.log(2 / (1 - confidence)) / (2 * n));
}
