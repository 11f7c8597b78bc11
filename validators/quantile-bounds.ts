import { binomialLowerTail, binomialUpperTail } from '../core/binomial-tail.ts';
import type { Interval } from '../core/interval.ts';
import { binLower } from '../core/log-bin.ts';

/** Counts per bin of core/log-bin.ts and the extremes seen, all in the unit of the bins. */
export interface BinnedValues {
  readonly bins: ReadonlyMap<number, number>;
  readonly min: number;
  readonly max: number;
}

/**
 * Interval of a quantile from binned values, by order statistics: no shape is assumed. The j-th smallest of n
 * values lies above the q-quantile with the chance that at most j - 1 of n fall below it, which is binomial; j is
 * chosen for `confidence`, and the ends are then widened to the edges of their bins (about 9 %), clipped to the
 * extremes that were seen. A band of Dvoretzky, Kiefer and Wolfowitz would hold for all quantiles at once, but
 * needs 18,000 values before it bounds a p99 at all; this needs 368.
 *
 * The values count as independent draws. Records of one export share its delay, so the interval speaks of the
 * arrivals of the window; that the next window is like it is the reader's assumption.
 * @param q 0 < q < 1
 * @returns `upper` is Infinity where n is too small to bound the quantile from above; null without values
 * @see David and Nagaraja 2003, Order Statistics, section 7.1
 */
export function quantileBounds(values: BinnedValues, q: number, confidence = 0.95): Interval | null {
  const cells = cumulate(values.bins);
  const n = cells.at(-1)?.atMost ?? 0;
  if (n === 0) return null;
  const tail = (1 - confidence) / 2;
  const clip = (value: number) => Math.min(values.max, Math.max(values.min, value));
  const at = cells.findIndex((cell) => cell.atMost >= q * n);
  const cell = cells[at] as Cell;
  // Both tails are monotone, so the search starts at the quantile and stops at the first cell that satisfies it.
  const low = cells.findLastIndex((c, i) => i <= at && binomialLowerTail(c.below, n, q) <= tail);
  const high = cells.findIndex((c, i) => i >= at && binomialUpperTail(c.atMost, n, q) <= tail);
  return {
    estimate: clip(inside(cell, q * n)),
    lower: low < 0 ? values.min : clip(binLower((cells[low] as Cell).bin)),
    upper: high < 0 ? Number.POSITIVE_INFINITY : clip(binLower((cells[high] as Cell).bin + 1)),
  };
}

interface Cell {
  readonly bin: number;
  readonly below: number;
  readonly atMost: number;
}

function cumulate(bins: ReadonlyMap<number, number>): Cell[] {
  const cells: Cell[] = [];
  let below = 0;
  for (const [bin, count] of [...bins].sort(([a], [b]) => a - b)) {
    if (count > 0) cells.push({ bin, below, atMost: below + count });
    below += count;
  }
  return cells;
}

/** Within a bin, values count as evenly spread. */
function inside({ bin, below, atMost }: Cell, rank: number): number {
  const from = binLower(bin);
  const share = (rank - below) / (atMost - below);
  return Number.isFinite(from) ? from + share * (binLower(bin + 1) - from) : from;
}
