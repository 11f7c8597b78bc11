import type { SegmentModel } from './segment-cost.ts';

/** What the best fit of each segment leaves over, in time order. */
export function segmentResiduals(
  values: readonly number[],
  changes: readonly number[],
  model: SegmentModel,
): number[] {
  const ends = [...changes, values.length];
  return ends.flatMap((to, k) => residualsOf(values.slice(ends[k - 1] ?? 0, to), model));
}

function residualsOf(segment: readonly number[], model: SegmentModel): number[] {
  const n = segment.length;
  const mean = segment.reduce((sum, y) => sum + y, 0) / n;
  if (model === 'constant' || n < 2) return segment.map((y) => y - mean);
  const middle = (n - 1) / 2;
  const spread = (n * (n * n - 1)) / 12;
  const slope = segment.reduce((sum, y, i) => sum + (i - middle) * y, 0) / spread;
  return segment.map((y, i) => y - mean - slope * (i - middle));
}
