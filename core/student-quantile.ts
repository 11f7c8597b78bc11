import { normalQuantile } from './normal-quantile.ts';

/**
 * Student's t quantile: what the normal quantile becomes when the spread is itself estimated from few values.
 * Exact for 1 and 2 degrees of freedom, else the Cornish-Fisher expansion (within 1 % from 3 degrees on,
 * for p in [0.005, 0.995]).
 * @param p strictly between 0 and 1
 * @param degrees degrees of freedom, >= 1
 * @throws RangeError when p or the degrees are impossible
 * @see Abramowitz and Stegun 1964, 26.7.5
 */
export function studentQuantile(p: number, degrees: number): number {
  if (!(degrees >= 1)) throw new RangeError(`studentQuantile needs degrees >= 1, got ${degrees}`);
  const z = normalQuantile(p);
  if (degrees < 2) return Math.tan(Math.PI * (p - 0.5));
  if (degrees < 3) return (2 * p - 1) / Math.sqrt(2 * p * (1 - p));
  const g1 = (z ** 3 + z) / 4;
  const g2 = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const g3 = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  const g4 = (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160;
  return z + g1 / degrees + g2 / degrees ** 2 + g3 / degrees ** 3 + g4 / degrees ** 4;
}
