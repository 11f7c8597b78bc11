import { adjustedCount } from '../../core/sampling/adjusted-count.ts';

/**
 * The first of RARITY_BINS whose traces a sampler of this threshold keeps, all of them; so it keeps at least
 * 2^(-first / 4) of all traces. The last bin has no end, and of what is rarer nothing is told.
 */
export function firstRarity(threshold: string): number {
  // The bin that begins at the sampler's probability is the first that is wholly below it.
  return Math.max(0, Math.ceil(4 * Math.log2(adjustedCount(threshold.padEnd(14, '0'))) - 1e-9));
}
