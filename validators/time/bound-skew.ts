import { binomialUpperTail } from '../../core/binomial-tail.ts';
import { clockBinLower } from '../../core/clock-bin.ts';
import type { ClockPairTally } from '../../core/clock-pair-tally.ts';

/** Child clock minus parent clock, ms; an end that nothing bounds is infinite. */
export interface SkewBound {
  readonly lower: number;
  readonly upper: number;
}

/** At most so many children, of those no longer than their parent, end after it: 1 in 100 outlives (quality.md T7). */
const OUTLIVING_RATIO_MAX = 0.02;
/** Chance that more of them than are trimmed did. */
const CHANCE = 0.002;
/** How fast clocks drift apart at worst, and how coarse stamps are: some SDKs count milliseconds. */
const DRIFT_PER_MS = 1e-4;
const STAMP_MS = 1;

/**
 * Hard bounds of the skew between two clocks: no child starts before its parent, so the skew is at most the least
 * difference of starts; a caller waits, so it is at least the greatest difference of ends, of those children that did
 * not outlive their parent. Children longer than their parent have been left out by whatever clock; of the rest as
 * many of the greatest are trimmed as could be wrong but once in 500 times if 2 % were.
 * Where fewer than two calls were seen there is no lower end. Both ends give way by what clocks drift in the window and
 * by a millisecond of coarse stamps, and stand on the edge of their bin.
 * @param windowMs how much time the calls span
 * @returns `isStep` when no skew fits: the clock was set, or children outlive their parents; then there is no number
 */
export function boundSkew(tally: ClockPairTally, windowMs: number): SkewBound & { readonly isStep: boolean } {
  if (tally.pairs === 0)
    return { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY, isStep: false };
  const slackMs = DRIFT_PER_MS * windowMs + STAMP_MS;
  const lower = trimmedMax(tally) - slackMs;
  const upper = tally.startDiffMsMin + slackMs;
  return { lower, upper, isStep: lower > upper };
}

/** The (trimmed + 1)-th greatest difference of ends, at the lower edge of its bin. */
function trimmedMax(tally: ClockPairTally): number {
  const trimmed = trimmedCount(tally.pairs);
  if (trimmed === 0) return tally.endDiffMsMax;
  let left = trimmed;
  for (const [bin, count] of [...tally.endDiffBins].sort(([a], [b]) => b - a)) {
    if (count > left) return Math.min(clockBinLower(bin), tally.endDiffMsMax);
    left -= count;
  }
  return Number.NEGATIVE_INFINITY;
}

/** How many of n are trimmed: the least t with P(more than t of n) within the chance. */
export function trimmedCount(n: number): number {
  let trimmed = 0;
  while (trimmed < n && binomialUpperTail(trimmed + 1, n, OUTLIVING_RATIO_MAX) > CHANCE) trimmed++;
  return trimmed;
}
