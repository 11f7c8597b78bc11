import { EDGE_STEP_MINUTES, type ServiceHistory } from '../../../core/system-history.ts';
import { freezeMetric } from '../../equal-load/freeze-metric.ts';
import { residualsAtPoolSize } from '../../equal-load/residuals-at-pool-size.ts';
import { residualsOf } from '../../equal-load/residuals-of.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { prefixMean } from '../../statistics/prefix-mean.ts';

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
      : residualsAtPoolSize({ requests, replicas, values }, view.accepted);
  if (atLoad === null) return null;
  const residuals =
    metric === 'selfMs' ? atLoad : withoutCallees(view, service.name, requests, values, atLoad);
  return { metric, residuals };
}

function withoutCallees(
  view: SystemView,
  name: string,
  requests: Float64Array,
  values: Float64Array,
  atLoad: Float64Array,
): Float64Array {
  const { accepted, history } = view;
  const [load, latency] = [prefixMean(requests), prefixMean(values)];
  const total =
    load.mean(accepted.fromMinute, accepted.untilMinute) *
    latency.mean(accepted.fromMinute, accepted.untilMinute);
  const callees = history.edges
    .filter((edge) => edge.from === name)
    .map((edge) => {
      const perMinute = byMinute(edge.latencyMs, values.length);
      const calls = prefixMean(byMinute(edge.calls, values.length)).mean(
        accepted.fromMinute,
        accepted.untilMinute,
      );
      const ms = prefixMean(perMinute).mean(accepted.fromMinute, accepted.untilMinute);
      return {
        share: ((calls / EDGE_STEP_MINUTES) * ms) / total,
        residuals: residualsOf(requests, perMinute, freezeMetric(requests, perMinute, accepted)),
      };
    })
    .filter(({ share }) => share > 0);
  const scale = Math.min(1, CALLEE_SHARE_MAX / callees.reduce((sum, { share }) => sum + share, 0));
  return atLoad.map((residual, minute) =>
    callees.reduce((left, callee) => {
      const theirs = callee.residuals[minute] as number;
      return Number.isNaN(theirs) ? left : left - scale * callee.share * theirs;
    }, residual),
  );
}

function byMinute(steps: Float64Array, minutes: number): Float64Array {
  const spread = new Float64Array(minutes).fill(Number.NaN);
  for (const [step, value] of steps.entries()) {
    spread.fill(value, step * EDGE_STEP_MINUTES, (step + 1) * EDGE_STEP_MINUTES);
  }
  return spread;
}
