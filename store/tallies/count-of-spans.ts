import type { WeightKind } from '../../core/sampling/sampling-window.ts';
import { weightOfKey } from '../../core/sampling/weight-of-key.ts';

/**
 * Calls that so many spans stand for; NaN where nobody knows.
 * @param of.isUnsampled people said that the service samples nothing, so that a span without a mark is one call
 */
export function countOfSpans(
  { WeightKind: kind, WeightKey: key }: { readonly WeightKind: WeightKind; readonly WeightKey: string },
  spans: string,
  of: { readonly isUnsampled: boolean },
): number {
  const unmarked = kind === 'none' && of.isUnsampled ? 1 : Number.NaN;
  // None of nothing is none, whatever they would count for.
  return spans === '0' ? 0 : (weightOfKey(kind, key) ?? unmarked) * Number(spans);
}
