import { chiSquareUpperTail } from './chi-square-tail.ts';

/** P(Z >= z) of a standard normal, also far out, where tables and 1 - P(Z < z) give 0. */
export function normalUpperTail(z: number): number {
  const beyond = chiSquareUpperTail(z * z, 1) / 2;
  return z >= 0 ? beyond : 1 - beyond;
}
