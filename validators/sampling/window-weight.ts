import type { SamplingWindow } from '../../core/sampling/sampling-window.ts';
import { weightOfKey } from '../../core/sampling/weight-of-key.ts';

/** Spans that each span of a window stands for by its marks; null is unknown, and never 1. */
export function windowWeight({ weightKind, weightKey }: SamplingWindow): number | null {
  return weightOfKey(weightKind, weightKey);
}
