import { EDGE_STEP_MINUTES, type LocalObjective, type ServiceSeries } from '../../../core/system-history.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { ratioOf, type Signal, signalAtEqualLoad } from './signal.ts';

/** Gains below these are within what any system does of itself. */
const COST_LEAST = 0.03;
const LATENCY_LEAST = 0.01;
/** Half a point of a hit ratio, as a share of it. */
const HIT_LEAST = 0.005;

const LATENCIES: Readonly<Record<string, ServiceSeries>> = {
  p50_ms: 'p50Ms',
  p99_ms: 'p99Ms',
  mean_ms: 'meanMs',
  self_ms: 'selfMs',
};

/** What somebody may work for one day. */
export function freezeLocalSignals(view: SystemView): void {
  const wants = 'less';
  for (const subject of view.history.services.keys()) {
    for (const metric of ['cost', 'cache_hit_ratio', ...Object.keys(LATENCIES)])
      localSignal(view, { subject, metric, wants });
  }
  for (const { from, to } of view.history.edges) {
    localSignal(view, { subject: `${from}->${to}`, metric: 'latency_ms', wants });
  }
}

/** What an automation works for, as a series. @returns null where nobody sends what it is counted in */
export function localSignal(
  view: SystemView,
  objective: Pick<LocalObjective, 'subject' | 'metric' | 'wants'>,
): Signal | null {
  const { subject, metric, wants } = objective;
  if (subject.includes('->')) return edgeLatency(view, objective);
  const series = view.history.services.get(subject)?.series;
  const requests = series?.requests;
  if (series === undefined || requests === undefined) return null;
  const atEqualLoad = (values: Float64Array | null | undefined, least: number): Signal | null =>
    values ? signalAtEqualLoad(view, metric, least, { requests, values, subject, wants }) : null;
  if (metric.startsWith('cost')) {
    const { replicas, cpuLimitCores } = series;
    const held = replicas && cpuLimitCores && replicas.map((n, i) => n * (cpuLimitCores[i] as number));
    return atEqualLoad(series.cost ?? held, COST_LEAST);
  }
  if (metric === 'cache_hit_ratio') {
    const { cacheHits, cacheMisses } = series;
    if (cacheHits === undefined || cacheMisses === undefined) return null;
    const lookups = cacheHits.map((hits, i) => hits + (cacheMisses[i] as number));
    return atEqualLoad(ratioOf(cacheHits, lookups), HIT_LEAST);
  }
  const latency = LATENCIES[metric];
  return latency === undefined ? null : atEqualLoad(series[latency], LATENCY_LEAST);
}

function edgeLatency(
  view: SystemView,
  { subject, metric, wants }: Pick<LocalObjective, 'subject' | 'metric' | 'wants'>,
): Signal | null {
  const { history } = view;
  const edge = history.edges.find(({ from, to }) => `${from}->${to}` === subject);
  if (edge === undefined || metric !== 'latency_ms') return null;
  const byMinute = (values: Float64Array, per: number) =>
    Float64Array.from(
      { length: history.minutes },
      (_, minute) => (values[Math.floor(minute / EDGE_STEP_MINUTES)] ?? Number.NaN) / per,
    );
  return signalAtEqualLoad(view, metric, LATENCY_LEAST, {
    requests: byMinute(edge.calls, EDGE_STEP_MINUTES),
    values: byMinute(edge.latencyMs, 1),
    subject,
    wants,
  });
}
