import type { SegmentCost } from './segment-cost.ts';

/**
 * Optimal partitioning: the change points that minimise the sum of segment costs plus `penalty` for each change,
 * no segment shorter than `lengthMin`. Pruned as PELT does, so near O(n) where changes come regularly and O(n^2) at
 * worst. A start that is beaten at `to` can still win at the next `lengthMin - 1` ends, where cutting at `to` would
 * leave too short a segment: it is dropped only after them.
 * @returns first indices of the new segments, ascending
 * @see Jackson et al. 2005, doi:10.1109/LSP.2001.838216; Killick, Fearnhead and Eckley 2012
 */
export function partition(
  cost: SegmentCost,
  of: { readonly penalty: number; readonly lengthMin: number },
): number[] {
  const { penalty, lengthMin } = of;
  const n = cost.length;
  const best = new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY);
  const previous = new Int32Array(n + 1);
  const droppedAt = new Int32Array(n + 1).fill(n + 1);
  best[0] = -penalty;
  const starts = new Int32Array(n + 1);
  const totals = new Float64Array(n + 1);
  let count = 0;
  for (let to = lengthMin; to <= n; to++) {
    if ((best[to - lengthMin] as number) < Number.POSITIVE_INFINITY) starts[count++] = to - lengthMin;
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < count; k++) {
      const from = starts[k] as number;
      const total = (best[from] as number) + cost.of(from, to);
      totals[k] = total;
      if (total < least) {
        least = total;
        previous[to] = from;
      }
    }
    best[to] = least + penalty;
    let kept = 0;
    for (let k = 0; k < count; k++) {
      const from = starts[k] as number;
      if ((totals[k] as number) > least + penalty && (droppedAt[from] as number) > n) {
        droppedAt[from] = to + lengthMin;
      }
      if ((droppedAt[from] as number) > to + 1) starts[kept++] = from;
    }
    count = kept;
  }
  const changes: number[] = [];
  for (let to = n; n >= lengthMin && to > 0; to = previous[to] as number) {
    if (previous[to] !== 0) changes.push(previous[to] as number);
  }
  return changes.reverse();
}
