import { poolCells } from './cells.ts';
import { logsOf } from './frozen-cells.ts';
import type { SystemView } from './system-view.ts';

/** Cells are narrower than bins of load alone, so fewer minutes must do. */
const CELL_MINUTES_MIN = 30;

/**
 * By how much a metric is off its reference at equal load *and* equal number of replicas: ln(value) - ln(reference)
 * a minute. An autoscaler that holds one replica more or less at the same load moves queueing by several per cent;
 * that is not the service itself getting slower. Replicas are a mediator of what an optimiser does, so this is the
 * yardstick of own speed, and no replacement for equal load alone.
 * @returns NaN where load and pool size were not seen together in the accepted period, or something is not known
 */
export function residualsAtPoolSize(
  view: SystemView,
  metric: { readonly name: string; readonly service: string },
  of: { readonly requests: Float64Array; readonly replicas: Float64Array; readonly values: Float64Array },
): Float64Array | null {
  return view.residualsIn(`${metric.name} of ${metric.service} at pool size`, logsOf(of.values), {
    service: metric.service,
    cells: poolCells(of.requests, of.replicas),
    minutesMin: CELL_MINUTES_MIN,
  });
}
