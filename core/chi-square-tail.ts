import { gammaln } from 'simple-statistics';

/**
 * P(X >= x) for a chi-square of so many degrees of freedom, to about 12 digits relative down to the smallest doubles:
 * alarms of thousands of sources are judged at 1e-9, where approximations by a normal are off by factors.
 * @param x >= 0
 * @param degrees > 0, need not be whole
 * @throws RangeError when either is impossible
 * @see DLMF 8.11.4 (series) and 8.9.2 (continued fraction)
 */
export function chiSquareUpperTail(x: number, degrees: number): number {
  if (!(x >= 0) || !(degrees > 0)) {
    throw new RangeError(`chiSquareUpperTail needs x >= 0 and degrees > 0, got x=${x} degrees=${degrees}`);
  }
  if (x === 0) return 1;
  const a = degrees / 2;
  const half = x / 2;
  const front = Math.exp(a * Math.log(half) - half - gammaln(a));
  return half < a + 1 ? 1 - (front / a) * series(a, half) : front * fraction(a, half);
}

function series(a: number, x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-16; k++) {
    term *= x / (a + k);
    sum += term;
  }
  return sum;
}

/** Lentz's method. */
function fraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let k = 1; k <= 100_000; k++) {
    const numerator = -k * (k - a);
    b += 2;
    d = 1 / nonZero(numerator * d + b);
    c = nonZero(b + numerator / c);
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < 1e-15) return h;
  }
  throw new RangeError(`incomplete gamma did not converge at a=${a} x=${x}`);
}

function nonZero(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value;
}
