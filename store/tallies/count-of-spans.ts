import type { WeightKind } from '../../core/sampling/sampling-window.ts';
import { weightOfKey } from '../../core/sampling/weight-of-key.ts';

/** Calls that so many spans stand for; a span whose weight nobody knows is counted as the one call it surely is. */
export function countOfSpans(
  { WeightKind: kind, WeightKey: key }: { readonly WeightKind: WeightKind; readonly WeightKey: string },
  spans: string,
): number {
  return (weightOfKey(kind, key) ?? 1) * Number(spans);
}
