import { mergeByWeight } from '../core/adjusted-step.ts';
import type { ServiceStep } from '../core/service-step.ts';

/**
 * A series on an even grid of `stepMs`, from its first step to `endMs`: finer steps are added up, missing ones are
 * there with no requests. Pure and order-free: a series split in any way gives the same grid.
 * @param endMs a multiple of stepMs; what begins at it or later is left out as not complete yet
 */
export function foldSteps(
  series: readonly ServiceStep[],
  grid: { readonly stepMs: number; readonly endMs: number },
): ServiceStep[] {
  const { stepMs, endMs } = grid;
  const known = series.filter((step) => step.startMs < endMs);
  if (known.length === 0) return [];
  const floor = (timeMs: number) => Math.floor(timeMs / stepMs) * stepMs;
  const firstMs = known.reduce((first, step) => Math.min(first, floor(step.startMs)), endMs);
  const grouped = Map.groupBy(known, (step) => floor(step.startMs));
  return Array.from({ length: (endMs - firstMs) / stepMs }, (_, i) => {
    const startMs = firstMs + i * stepMs;
    return {
      startMs,
      byWeight: mergeByWeight((grouped.get(startMs) ?? []).flatMap((step) => step.byWeight)),
    };
  });
}
