import { adjustedCount } from './adjusted-count.ts';
import type { WeightKind } from './sampling-window.ts';

/** Spans that each span with these columns stands for by its marks; null is unknown, and never 1. */
export function weightOfKey(kind: WeightKind, key: string): number | null {
  switch (kind) {
    case 'threshold':
      return adjustedCount(key.padEnd(14, '0'));
    case 'power':
      // 63 says: kept, but not by probability.
      return key === '63' ? 0 : 2 ** Number(key);
    case 'attribute': {
      const weight = Number(key.slice(key.lastIndexOf('=') + 1));
      return weight > 0 && Number.isFinite(weight) ? weight : null;
    }
    default:
      return null;
  }
}
