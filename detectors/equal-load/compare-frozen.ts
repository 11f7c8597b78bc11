import type { FrozenMetric } from '../../core/accepted-reference.ts';

export interface FrozenDifference {
  /** Bins of load that both know. */
  readonly sharedBins: number;
  /** Next over before at equal load, by the minutes of the next; NaN where no load is shared. */
  readonly ratio: number;
}

/** By how much accepting `next` would move what counts as normal. */
export function compareFrozen(next: FrozenMetric, before: FrozenMetric): FrozenDifference {
  const known = new Map(before.bins.map((bin) => [bin.bin, bin]));
  let sharedBins = 0;
  let minutes = 0;
  let sum = 0;
  for (const bin of next.bins) {
    const reference = known.get(bin.bin);
    if (reference === undefined) continue;
    sharedBins++;
    minutes += bin.minutes;
    sum += bin.minutes * (bin.logMedian - reference.logMedian);
  }
  return { sharedBins, ratio: minutes === 0 ? Number.NaN : Math.exp(sum / minutes) };
}
