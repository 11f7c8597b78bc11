import { gammaln } from 'simple-statistics';

/**
 * P(K >= k) for K ~ Binomial(n, p), exact to about 12 digits also for n in the millions (incomplete beta
 * function by continued fraction; a sum of terms would be slow and would lose the small tails).
 * @param k 0 <= k; above n the answer is 0. Between whole numbers, as of an effective count, the incomplete beta
 *   function goes smoothly from one to the next
 * @param n trials, >= 0
 * @param p chance of each, 0 to 1
 * @throws RangeError when a count or the chance is impossible
 * @see DLMF 8.17.5 and 8.17.22
 */
export function binomialUpperTail(k: number, n: number, p: number): number {
  if (!(k >= 0) || !(n >= 0) || !(p >= 0 && p <= 1)) {
    throw new RangeError(`binomialUpperTail needs k, n >= 0 and 0 <= p <= 1, got k=${k} n=${n} p=${p}`);
  }
  if (k === 0) return 1;
  if (k > n || p === 0) return 0;
  if (p === 1) return 1;
  return incompleteBeta(p, k, n - k + 1);
}

/** P(K <= k); for k = n it is 1. */
export function binomialLowerTail(k: number, n: number, p: number): number {
  return binomialUpperTail(Math.max(0, n - k), n, 1 - p);
}

function incompleteBeta(x: number, a: number, b: number): number {
  const log = gammaln(a + b) - gammaln(a) - gammaln(b) + a * Math.log(x) + b * Math.log1p(-x);
  const front = Math.exp(log);
  // The fraction converges fast on this side of the mean only; on the other, take the complement.
  return x < (a + 1) / (a + b + 2)
    ? (front * fraction(x, a, b)) / a
    : 1 - (front * fraction(1 - x, b, a)) / b;
}

/** Lentz's method; the number of steps grows like the square root of max(a, b). */
function fraction(x: number, a: number, b: number): number {
  const floor = (value: number) => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let c = 1;
  let d = 1 / floor(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m <= 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / floor(1 + even * d);
    c = floor(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / floor(1 + odd * d);
    c = floor(1 + odd / c);
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < 1e-14) return h;
  }
  throw new RangeError(`incomplete beta did not converge at x=${x} a=${a} b=${b}`);
}
