import type { ServiceSeries } from './system-history.ts';

/**
 * How the readings of a metric in one minute become one number of a service:
 * - `sum`, `mean`, `max`: over its series (pods, containers), of the last reading of each;
 * - `count`: what was added since the reading before; a fall is a reset, and the new value was added since;
 * - `grown`: as `count`, whether it comes as a counter or as a gauge that only grows;
 * - `rises`: the same of a level, whose fall adds nothing.
 */
export type MetricFold = 'sum' | 'mean' | 'max' | 'count' | 'grown' | 'rises';

export interface SeriesMetric {
  /** The memory of a service and its limit are two metrics that make one series. */
  readonly series: ServiceSeries | 'memoryBytes' | 'memoryLimitBytes';
  readonly fold: MetricFold;
  /** How many of the series' units one of the metric's is; left out: 1. */
  readonly scale?: number;
}

/**
 * Metrics that become series of a service, by name: of OpenTelemetry's conventions, older spellings of the Collector's
 * receivers, and `app.*` and `platform.*` for what no convention names. Migrations 0020 and 0022 keep the same names.
 */
export const SERIES_METRICS: Readonly<Record<string, SeriesMetric>> = {
  'k8s.hpa.pod.current': { series: 'replicas', fold: 'max' },
  'k8s.hpa.current_replicas': { series: 'replicas', fold: 'max' },
  'k8s.hpa.pod.desired': { series: 'replicasDesired', fold: 'max' },
  'k8s.hpa.desired_replicas': { series: 'replicasDesired', fold: 'max' },
  'k8s.hpa.pod.min': { series: 'replicasMin', fold: 'max' },
  'k8s.hpa.min_replicas': { series: 'replicasMin', fold: 'max' },
  'k8s.hpa.pod.max': { series: 'replicasMax', fold: 'max' },
  'k8s.hpa.max_replicas': { series: 'replicasMax', fold: 'max' },
  'k8s.hpa.metric.target.cpu.average_utilization': { series: 'cpuTarget', fold: 'max' },
  'k8s.deployment.pod.available': { series: 'replicasReady', fold: 'max' },
  'k8s.deployment.available': { series: 'replicasReady', fold: 'max' },
  'k8s.deployment.pod.desired': { series: 'replicasDesired', fold: 'max' },
  'k8s.deployment.desired': { series: 'replicasDesired', fold: 'max' },
  'k8s.container.cpu.limit': { series: 'cpuLimitCores', fold: 'mean' },
  'k8s.container.cpu_limit': { series: 'cpuLimitCores', fold: 'mean' },
  'k8s.container.cpu.limit.utilization': { series: 'cpuRatio', fold: 'mean' },
  'k8s.container.cpu_limit_utilization': { series: 'cpuRatio', fold: 'mean' },
  'k8s.container.memory.limit': { series: 'memoryLimitBytes', fold: 'sum' },
  'k8s.container.memory_limit': { series: 'memoryLimitBytes', fold: 'sum' },
  'container.memory.working_set': { series: 'memoryBytes', fold: 'sum' },
  'k8s.container.memory_limit_utilization': { series: 'memoryRatio', fold: 'mean' },
  'k8s.container.restart.count': { series: 'restarts', fold: 'rises' },
  'k8s.container.restarts': { series: 'restarts', fold: 'rises' },
  'http.server.active_requests': { series: 'inflight', fold: 'sum' },
  'db.client.connection.pending_requests': { series: 'queueLength', fold: 'sum' },
  'db.client.connections.pending_requests': { series: 'queueLength', fold: 'sum' },
  'app.queue.length': { series: 'queueLength', fold: 'sum' },
  'app.self_time': { series: 'selfMs', fold: 'mean', scale: 1_000 },
  'app.critical_path_time': { series: 'criticalPathMs', fold: 'mean', scale: 1_000 },
  'app.fallbacks': { series: 'fallbacks', fold: 'count' },
  'app.stale_answers': { series: 'staleAnswers', fold: 'count' },
  'app.cache.hits': { series: 'cacheHits', fold: 'count' },
  'app.cache.misses': { series: 'cacheMisses', fold: 'count' },
  'app.cache.ttl': { series: 'cacheTtlS', fold: 'max' },
  'app.circuit_breaker.open': { series: 'breakerOpen', fold: 'max' },
  'platform.cost': { series: 'cost', fold: 'count' },
};
