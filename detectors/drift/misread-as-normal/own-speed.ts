import { EDGE_STEP_MINUTES, type EdgeHistory, type ServiceHistory } from '../../../core/system-history.ts';
import { logsOf } from '../../equal-load/frozen-cells.ts';
import { residualsAtPoolSize } from '../../equal-load/residuals-at-pool-size.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { windowMean } from '../../equal-load/window-mean.ts';

export interface OwnSpeed {
  readonly metric: 'selfMs' | 'meanMs' | 'p50Ms';
  /** ln(own time / reference at equal load and pool size) a minute; NaN is not known. */
  readonly residuals: Float64Array;
}

/** What a service waits for others is never all of its time. */
const CALLEE_SHARE_MAX = 0.95;

/**
 * How much slower a service itself is than in the accepted period: its self time from traces; else its latency without
 * what its callees explain, by the share of their time in it. The share is of the accepted period: calls that run
 * side by side add up to more than the whole, and are scaled down.
 * @returns null where no latency or no load is sent
 */
export function ownSpeed(view: SystemView, service: ServiceHistory): OwnSpeed | null {
  const { requests, replicas } = service.series;
  const metric = (['selfMs', 'meanMs', 'p50Ms'] as const).find((one) => service.series[one] !== undefined);
  const values = metric === undefined ? undefined : service.series[metric];
  if (metric === undefined || values === undefined || requests === undefined) return null;
  const atLoad =
    replicas === undefined
      ? view.residuals(service.name, metric)
      : residualsAtPoolSize(view, { name: metric, service: service.name }, { requests, replicas, values });
  if (atLoad === null) return null;
  return metric === 'selfMs'
    ? { metric, residuals: atLoad }
    : { metric, residuals: withoutCallees(view, service.name, requests, values, atLoad) };
}

function withoutCallees(
  view: SystemView,
  name: string,
  requests: Float64Array,
  values: Float64Array,
  atLoad: Float64Array,
): Float64Array {
  const callees = view.history.edges
    .filter((edge) => edge.from === name)
    .flatMap((edge) => {
      const share = shareOf(view, edge, requests, values);
      if (!(share > 0)) return [];
      const residuals = view.residualsAtLoad(
        `latency of ${edge.from}->${edge.to}`,
        requests,
        byMinute(logsOf(edge.latencyMs), values.length),
      );
      return residuals === null ? [] : [{ share, residuals }];
    });
  if (callees.length === 0) return atLoad;
  const scale = Math.min(1, CALLEE_SHARE_MAX / callees.reduce((sum, { share }) => sum + share, 0));
  const own = atLoad.slice();
  for (const { share, residuals } of callees) {
    const weight = scale * share;
    for (let minute = 0; minute < own.length; minute++) {
      const theirs = residuals[minute] as number;
      if (!Number.isNaN(theirs)) own[minute] = (own[minute] as number) - weight * theirs;
    }
  }
  return own;
}

/** Share of the time that a service waited for a callee in the accepted period; 0: none, or cannot say. */
function shareOf(view: SystemView, edge: EdgeHistory, requests: Float64Array, values: Float64Array): number {
  const frozen = view.frozen(`time of ${edge.from} waiting for ${edge.to}`, ({ fromMinute, untilMinute }) => {
    const mean = (of: Float64Array) => windowMean(of, fromMinute, untilMinute).mean;
    const meanOfSteps = (steps: Float64Array) => mean(byMinute(steps, values.length));
    const calls = meanOfSteps(edge.calls) / EDGE_STEP_MINUTES;
    const share = (calls * meanOfSteps(edge.latencyMs)) / (mean(requests) * mean(values));
    return Number.isFinite(share) ? share : null;
  });
  return frozen ?? 0;
}

function byMinute(steps: Float64Array, minutes: number): Float64Array {
  const spread = new Float64Array(minutes).fill(Number.NaN);
  for (const [step, value] of steps.entries()) {
    spread.fill(value, step * EDGE_STEP_MINUTES, (step + 1) * EDGE_STEP_MINUTES);
  }
  return spread;
}
