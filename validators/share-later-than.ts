import { binLower } from '../core/log-bin.ts';
import type { BinnedValues } from './quantile-bounds.ts';

/** Share of values at `limit` or above; a bin counts whole when it begins there. 0 of nothing. */
export function shareLaterThan(values: BinnedValues, limit: number): number {
  let [all, above] = [0, 0];
  for (const [bin, count] of values.bins) {
    all += count;
    if (binLower(bin) >= limit) above += count;
  }
  return all === 0 ? 0 : above / all;
}
