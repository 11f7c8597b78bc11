import type { ServiceHistory, ServiceSeries } from '../../../core/system-history.ts';
import { residualsAtPoolSize } from '../../equal-load/residuals-at-pool-size.ts';
import type { AcceptedPeriod, SystemView } from '../../equal-load/system-view.ts';
import { withoutAnnounced } from './announced.ts';

/** In smaller pools one replica more or less moves queueing by more than what is looked for. */
const SMALL_POOL = 6;
/** A processor was this busy for a minute in a thousand. */
const BUSIEST_QUANTILE = 0.999;

/**
 * ln(latency / reference at equal load) a minute, without what a pool of another size explains: where load and pool
 * size were seen together, the smaller of both residuals. A small pool at a size never seen at this load tells nothing
 * while its autoscaler holds it within its bounds and no busier than ever: nearly all false alarms came from there.
 * @returns null where latency or load is not sent
 */
export function latencyResiduals(
  view: SystemView,
  service: ServiceHistory,
  metric: ServiceSeries,
): Float64Array | null {
  const atLoad = view.residuals(service.name, metric);
  const { requests, replicas, cpuRatio, replicasMin } = service.series;
  const values = service.series[metric];
  if (atLoad === null || requests === undefined || values === undefined) return null;
  const changes = view.history.changes.filter((change) => change.service === service.name);
  if (replicas === undefined || !varies(replicas, view.accepted)) return withoutAnnounced(atLoad, changes);
  const atSize = residualsAtPoolSize({ requests, replicas, values }, view.accepted);
  const busiest = cpuRatio === undefined ? Number.POSITIVE_INFINITY : quantile(cpuRatio, view.accepted);
  const residuals = atLoad.map((residual, minute) => {
    const sized = atSize[minute] as number;
    if (!Number.isNaN(sized)) return Math.min(residual, sized);
    const size = replicas[minute] as number;
    const isHeld = size < SMALL_POOL && !(size < (replicasMin?.[minute] ?? 0));
    const isBusier = ((cpuRatio?.[minute] ?? 0) as number) > busiest;
    return isHeld && !isBusier ? Number.NaN : residual;
  });
  return withoutAnnounced(residuals, changes);
}

/** Does the size of the pool change within the accepted period? */
export function varies(values: Float64Array, { fromMinute, untilMinute }: AcceptedPeriod): boolean {
  const accepted = values.subarray(fromMinute, untilMinute);
  const first = accepted.find((value) => !Number.isNaN(value));
  return accepted.some((value) => !Number.isNaN(value) && value !== first);
}

function quantile(values: Float64Array, { fromMinute, untilMinute }: AcceptedPeriod): number {
  const known = values
    .slice(fromMinute, untilMinute)
    .filter((value) => !Number.isNaN(value))
    .sort();
  return known.length === 0
    ? Number.POSITIVE_INFINITY
    : (known[Math.floor(BUSIEST_QUANTILE * (known.length - 1))] as number);
}
