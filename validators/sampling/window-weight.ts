import { adjustedCount } from '../../core/sampling/adjusted-count.ts';
import type { SamplingWindow } from '../../core/sampling/sampling-window.ts';

/** Spans that each span of a window stands for by its marks; null is unknown, and never 1. */
export function windowWeight({ weightKind, weightKey }: SamplingWindow): number | null {
  switch (weightKind) {
    case 'threshold':
      return adjustedCount(weightKey.padEnd(14, '0'));
    case 'power':
      // 63 says: kept, but not by probability.
      return weightKey === '63' ? 0 : 2 ** Number(weightKey);
    case 'attribute': {
      const weight = Number(weightKey.slice(weightKey.lastIndexOf('=') + 1));
      return weight > 0 && Number.isFinite(weight) ? weight : null;
    }
    default:
      return null;
  }
}
