import { normalQuantile } from '../../../core/normal-quantile.ts';
import type { AlignedWindow } from '../../../core/sampling/aligned-window.ts';

/**
 * Requests by which the population of a window may be off because counters are not read at its borders; the check then
 * needs no tolerance for edges. Exceeded by chance as often as `alpha`.
 */
export function edgeDoubt({ startVariance, endVariance }: AlignedWindow, alpha: number): number {
  const off = normalQuantile(1 - alpha / 2) * Math.sqrt(startVariance + endVariance);
  // One request is always in doubt: it ended at the border.
  return Math.max(1, off);
}
