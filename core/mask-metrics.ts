/** What hides a failure between a caller and what it calls, as its library counts it; a minute each. */
const MASK_SERIES = [
  'retries',
  'fallbacks',
  'timeouts',
  'breakerOpen', // 1 while one of the breakers is
  'callsRefused', // by a breaker, a full pool or a semaphore: not made at all
  'endpointsEjected', // hosts of the callee that get no traffic
  'endpoints', // all of them
] as const;
export type MaskSeries = (typeof MASK_SERIES)[number];

/** What a caller says of one callee; a minute each, NaN where nothing is known. A series that nobody sends is not there. */
export interface MaskHistory {
  readonly from: string;
  /** As the library calls it, where that is no service's name. */
  readonly to: string;
  readonly series: Readonly<Partial<Record<MaskSeries, Float64Array>>>;
}

/** One thing that a metric of a library says of a mask. */
export interface MaskMetric {
  /** Attempts less calls are retries. */
  readonly series: MaskSeries | 'attempts' | 'calls';
  /** `grown`: what was added since the reading before, by a counter or a gauge that only grows; else over all instances. */
  readonly fold: 'grown' | 'max' | 'sum';
  /** Only what has one of these values of the label; left out: all of it. */
  readonly where?: { readonly label: MaskLabel; readonly is: readonly string[] };
}
type MaskLabel = 'state' | 'kind' | 'event' | 'grpc.status';
export type MaskLibrary = 'resilience4j' | 'opossum' | 'envoy' | 'grpc' | 'grpc-retries';

export interface MaskMetricOfLibrary {
  readonly library: MaskLibrary;
  /** As it comes by OTLP, and as the Collector's Prometheus receiver spells it. */
  readonly names: readonly string[];
  readonly says: readonly MaskMetric[];
}

/**
 * Metrics that libraries export anyway, and what they say of masks; sources stand in docs/drift.md. Migration 0021 keeps the same
 * names. What is not among them stays unknown: a library that is not there gives no series.
 */
const MASK_METRICS: readonly MaskMetricOfLibrary[] = [
  ...ofResilience4j('circuitbreaker.state', [
    { series: 'breakerOpen', fold: 'max', where: { label: 'state', is: ['open', 'forced_open'] } },
  ]),
  ...ofResilience4j('circuitbreaker.not.permitted.calls', [{ series: 'callsRefused', fold: 'grown' }]),
  // Calls that were tried again, not attempts: no fewer attempts than these.
  ...ofResilience4j('retry.calls', [
    {
      series: 'retries',
      fold: 'grown',
      where: { label: 'kind', is: ['successful_with_retry', 'failed_with_retry'] },
    },
  ]),
  ...ofResilience4j('timelimiter.calls', [
    { series: 'timeouts', fold: 'grown', where: { label: 'kind', is: ['timeout'] } },
  ]),
  {
    library: 'opossum',
    names: ['circuit', 'circuit_total'],
    says: [
      { series: 'fallbacks', fold: 'grown', where: { label: 'event', is: ['fallback'] } },
      { series: 'timeouts', fold: 'grown', where: { label: 'event', is: ['timeout'] } },
      { series: 'callsRefused', fold: 'grown', where: { label: 'event', is: ['reject', 'semaphoreLocked'] } },
    ],
  },
  ...ofEnvoy('upstream_rq_retry', { series: 'retries', fold: 'grown' }),
  ...ofEnvoy('upstream_rq_timeout', { series: 'timeouts', fold: 'grown' }),
  ...ofEnvoy('upstream_rq_per_try_timeout', { series: 'timeouts', fold: 'grown' }),
  ...ofEnvoy('upstream_rq_pending_overflow', { series: 'callsRefused', fold: 'grown' }),
  ...['cx_open', 'rq_pending_open', 'rq_open'].flatMap((limit) =>
    ofEnvoy(`circuit_breakers.default.${limit}`, { series: 'breakerOpen', fold: 'max' }),
  ),
  ...ofEnvoy('outlier_detection.ejections_active', { series: 'endpointsEjected', fold: 'sum' }),
  ...ofEnvoy('membership_total', { series: 'endpoints', fold: 'sum' }),
  ...ofGrpc('grpc', 'attempt.duration', [
    { series: 'attempts', fold: 'grown' },
    { series: 'timeouts', fold: 'grown', where: { label: 'grpc.status', is: ['DEADLINE_EXCEEDED'] } },
  ]),
  ...ofGrpc('grpc', 'call.duration', [{ series: 'calls', fold: 'grown' }]),
  // Off unless switched on, and silent about calls that needed none; counts the same as the two above.
  ...['retries', 'transparent_retries', 'hedges'].flatMap((name) =>
    ofGrpc('grpc-retries', `call.${name}`, [{ series: 'retries', fold: 'grown' }]),
  ),
];

export const MASK_METRIC_NAMES: ReadonlyMap<string, MaskMetricOfLibrary> = new Map(
  MASK_METRICS.flatMap((metric) => metric.names.map((name) => [name, metric])),
);

function ofResilience4j(name: string, says: readonly MaskMetric[]): MaskMetricOfLibrary[] {
  const spelt = `resilience4j_${name.replaceAll('.', '_')}`;
  const names = [`resilience4j.${name}`, spelt, ...(name.endsWith('state') ? [] : [`${spelt}_total`])];
  return [{ library: 'resilience4j', names, says }];
}

/** Its OTLP sink may put a prefix before its own names: none and `envoy` are known. */
function ofEnvoy(name: string, says: MaskMetric): MaskMetricOfLibrary[] {
  const names = [`cluster.${name}`, `envoy.cluster.${name}`, `envoy_cluster_${name.replaceAll('.', '_')}`];
  return [{ library: 'envoy', names, says: [says] }];
}

function ofGrpc(library: MaskLibrary, name: string, says: readonly MaskMetric[]): MaskMetricOfLibrary[] {
  const spelt = `grpc_client_${name.replaceAll('.', '_')}`;
  return [{ library, names: [`grpc.client.${name}`, spelt, `${spelt}_seconds`], says }];
}
