import type { PopulationSeries } from '../../../core/sampling/population-series.ts';
import { COUNT, type CounterCurve } from './counter-curve.ts';

/** Without a count of what is under way, spans are taken to last so long. */
const UNSEEN_MS = 1_000;

/**
 * How far a count of started spans may be off from the count of ended ones, at one edge: what is under way there is
 * Poisson, so its variance is its mean. Only recorded spans are counted as live; dropped ones are taken to last as long.
 * @param live `otel.sdk.span.live`, a level that is sent as a sum
 */
export function liveVariance(live: readonly PopulationSeries[], curves: readonly CounterCurve[]): number {
  const cells = curves.flatMap((curve) => curve.cells);
  const total = (place: number) => cells.reduce((sum, { counts }) => sum + (counts[place] as number), 0);
  const started = total(COUNT.all);
  const levels = live.filter(({ temporality }) => temporality === 'cumulative');
  if (levels.length > 0) {
    const mean = levels.reduce((sum, { points }) => {
      const level = points.reduce((all, { counts }) => all + (counts[0] ?? 0), 0) / points.length;
      return sum + Math.max(0, level);
    }, 0);
    return (mean * started) / Math.max(1, total(COUNT.sampled));
  }
  const stretches = curves.map((curve) => (curve.cells.at(-1)?.endMs ?? 0) - (curve.cells[0]?.startMs ?? 0));
  return (started / Math.max(1, ...stretches)) * UNSEEN_MS;
}
