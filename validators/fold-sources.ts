import type { SourceTally } from '../core/source-tally.ts';
import type { BinnedValues } from './quantile-bounds.ts';

/** Tallies of a source, or of all its instances, taken together. */
export interface SourceTotals {
  readonly items: number;
  readonly eventTimeMsMax: number;
  readonly receivedMsMax: number;
  readonly lateness: BinnedValues;
  readonly anomalous: number;
  /** How many arrived with an event time after their arrival. */
  readonly aheadCount: number;
}

/** Pure and order-free: any split of the same tallies folds to the same totals. Null of nothing. */
export function foldSources(tallies: readonly SourceTally[]): SourceTotals | null {
  if (tallies.length === 0) return null;
  const bins = new Map<number, number>();
  let [items, anomalous] = [0, 0];
  let [eventTimeMsMax, receivedMsMax, min, max] = [-Infinity, -Infinity, Infinity, -Infinity];
  for (const tally of tallies) {
    items += tally.items;
    anomalous += tally.anomalous;
    eventTimeMsMax = Math.max(eventTimeMsMax, tally.eventTimeMsMax);
    receivedMsMax = Math.max(receivedMsMax, tally.receivedMsMax);
    min = Math.min(min, tally.latenessMsMin);
    max = Math.max(max, tally.latenessMsMax);
    for (const [bin, count] of tally.latenessBins) bins.set(bin, (bins.get(bin) ?? 0) + count);
  }
  const aheadCount = bins.get(-1) ?? 0;
  return { items, eventTimeMsMax, receivedMsMax, lateness: { bins, min, max }, anomalous, aheadCount };
}
