import type { ServiceHistory, ServiceSeries } from '../../../core/system-history.ts';
import { residualsAtPoolSize } from '../../equal-load/residuals-at-pool-size.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { windowMean } from '../../equal-load/window-mean.ts';
import { selectInPlace } from '../../statistics/median-of.ts';
import { once } from '../once.ts';
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
  const pool = poolOf(view, service);
  if (replicas === undefined || pool?.varies !== true) return withoutAnnounced(atLoad, changes);
  const atSize = residualsAtPoolSize(
    view,
    { name: metric, service: service.name },
    { requests, replicas, values },
  );
  if (atSize === null) return null;
  const busiest = busiestOf(view, service);
  for (let minute = 0; minute < atSize.length; minute++) {
    const residual = atLoad[minute] as number;
    const sized = atSize[minute] as number;
    if (!Number.isNaN(sized)) {
      atSize[minute] = Math.min(residual, sized);
      continue;
    }
    const size = replicas[minute] as number;
    const isHeld = size < SMALL_POOL && !(size < (replicasMin?.[minute] ?? 0));
    const isBusier = isHeld && ((cpuRatio?.[minute] ?? 0) as number) > busiest();
    atSize[minute] = isHeld && !isBusier ? Number.NaN : residual;
  }
  return withoutAnnounced(atSize, changes);
}

/** How large the pool of a service was in the accepted period. */
export interface AcceptedPool {
  /** Did its size change? Only a pool that is scaled moves by itself. */
  readonly varies: boolean;
  /** null: not known. */
  readonly mean: number | null;
}

/** @returns null: no pool is told, or cannot say */
export function poolOf(
  view: SystemView,
  { name, series: { replicas } }: ServiceHistory,
): AcceptedPool | null {
  if (replicas === undefined) return null;
  return view.frozen(`pool of ${name}`, ({ fromMinute, untilMinute }) => {
    const { mean } = windowMean(replicas, fromMinute, untilMinute);
    return {
      varies: varies(replicas.subarray(fromMinute, untilMinute)),
      mean: Number.isNaN(mean) ? null : mean,
    };
  });
}

function varies(values: Float64Array): boolean {
  let first = Number.NaN;
  for (const value of values) {
    if (Number.isNaN(value) || value === first) continue;
    if (!Number.isNaN(first)) return true;
    first = value;
  }
  return false;
}

/** How busy its processors were at the most; asked for few minutes, if any. Infinity: nobody knows. */
function busiestOf(view: SystemView, { name, series: { cpuRatio } }: ServiceHistory): () => number {
  const busiest = once(() => {
    if (cpuRatio === undefined) return Number.POSITIVE_INFINITY;
    const frozen = view.frozen(`busiest of ${name}`, ({ fromMinute, untilMinute }) => {
      const known = cpuRatio.subarray(fromMinute, untilMinute).filter((value) => !Number.isNaN(value));
      const at = Math.floor(BUSIEST_QUANTILE * (known.length - 1));
      return known.length === 0 ? null : selectInPlace(known, at);
    });
    return frozen ?? Number.POSITIVE_INFINITY;
  });
  if (view.isFreezing) busiest();
  return busiest;
}
