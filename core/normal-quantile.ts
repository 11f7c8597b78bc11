const CENTRAL = {
  over: [3.3871327179, 50.434271938, 159.29113202, 59.10937472],
  under: [1, 17.895169469, 78.757757664, 67.1875636],
} as const;
const MIDDLE = {
  over: [1.4234372777, 2.75681539, 1.3067284816, 0.17023821103],
  under: [1, 0.7370016425, 0.12021132975],
} as const;
const FAR = {
  over: [6.657905115, 3.081226386, 0.42868294337, 0.017337203997],
  under: [1, 0.24197894225, 0.012258202635],
} as const;

/**
 * Standard normal quantile: z with P(Z <= z) = p, to seven digits (`probit` of simple-statistics has three,
 * which moves a Bonferroni bound).
 * @param p strictly between 0 and 1
 * @throws RangeError outside
 * @see Wichura 1988, Algorithm AS 241 (PPND7), doi:10.2307/2347330
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`normalQuantile needs 0 < p < 1, got ${p}`);
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * ratio(CENTRAL, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  return Math.sign(q) * (r <= 5 ? ratio(MIDDLE, r - 1.6) : ratio(FAR, r - 5));
}

function ratio(of: { over: readonly number[]; under: readonly number[] }, r: number): number {
  return polynomial(of.over, r) / polynomial(of.under, r);
}

function polynomial(coefficients: readonly number[], r: number): number {
  return coefficients.reduceRight((sum, coefficient) => sum * r + coefficient, 0);
}
