import type { PoolHistory, ServiceHistory, ServiceSeries, SystemHistory } from '../../core/system-history.ts';
import { type Durations, durationHistogram, takeCounts } from './duration-histogram.ts';
import { type Attributes, attributesOf, type Metric, nano, resourceMetrics } from './otlp-json.ts';

const MINUTE_MS = 60_000;
const CUMULATIVE = 2;
const DELTA = 1;

/** Levels, as gauges; by how many the series is multiplied to be in the metric's unit. */
const LEVELS: Readonly<Partial<Record<ServiceSeries, readonly [string, number]>>> = {
  cpuRatio: ['k8s.container.cpu.limit.utilization', 1],
  inflight: ['http.server.active_requests', 1],
  queueLength: ['app.queue.length', 1],
  replicas: ['k8s.hpa.pod.current', 1],
  replicasReady: ['k8s.deployment.pod.available', 1],
  replicasDesired: ['k8s.hpa.pod.desired', 1],
  replicasMin: ['k8s.hpa.pod.min', 1],
  replicasMax: ['k8s.hpa.pod.max', 1],
  cpuTarget: ['k8s.hpa.metric.target.cpu.average_utilization', 100],
  cpuLimitCores: ['k8s.container.cpu.limit', 1],
  memoryRatio: ['k8s.container.memory_limit_utilization', 1],
  cacheTtlS: ['app.cache.ttl', 1],
  breakerOpen: ['app.circuit_breaker.open', 1],
  cost: ['platform.cost', 1],
  selfMs: ['app.self_time', 0.001],
  criticalPathMs: ['app.critical_path_time', 0.001],
};
/** What is added each minute, as counters of deltas. */
const AMOUNTS: Readonly<Partial<Record<ServiceSeries, string>>> = {
  fallbacks: 'app.fallbacks',
  staleAnswers: 'app.stale_answers',
  cacheHits: 'app.cache.hits',
  cacheMisses: 'app.cache.misses',
};

type Minutes = (from: number, until: number) => unknown[];

/** What services say of themselves, and their platform of them, as OTLP of any range of minutes. */
export function servicesToOtlp(history: SystemHistory): Minutes {
  const parts = [...history.services.values()].flatMap((service) => [
    platformOf(service, history),
    requestsOf(
      service,
      history,
      history.pools.filter((pool) => pool.service === service.name),
    ),
  ]);
  return (from, until) => parts.flatMap((part) => part(from, until));
}

function platformOf({ name, series }: ServiceHistory, { startMs }: SystemHistory): Minutes {
  const restarts = countedUp(series.restarts);
  const points = (values: Float64Array, [from, until]: readonly [number, number], by = 1) => {
    const told: unknown[] = [];
    for (let minute = from; minute < until; minute++) {
      const value = values[minute] as number;
      if (!Number.isNaN(value)) told.push({ timeUnixNano: endOf(startMs, minute), asDouble: value * by });
    }
    return told;
  };
  return (from, until) => {
    const range = [from, until] as const;
    const metrics: Metric[] = [];
    for (const [key, [metric, by]] of Object.entries(LEVELS) as [
      ServiceSeries,
      readonly [string, number],
    ][]) {
      const values = series[key];
      if (values === undefined) continue;
      metrics.push({ name: metric, gauge: { dataPoints: points(values, range, by) } });
    }
    for (const [key, metric] of Object.entries(AMOUNTS) as [ServiceSeries, string][]) {
      const values = series[key];
      if (values === undefined) continue;
      const dataPoints = points(values, range).map((point) => {
        const { timeUnixNano } = point as { timeUnixNano: string };
        return { ...(point as object), startTimeUnixNano: minuteBefore(timeUnixNano) };
      });
      const sum = { dataPoints, aggregationTemporality: DELTA, isMonotonic: true };
      metrics.push({ name: metric, sum });
    }
    if (restarts !== null) {
      const dataPoints = points(restarts, range).map((point) => ({
        ...(point as object),
        startTimeUnixNano: nano(startMs),
      }));
      const sum = { dataPoints, aggregationTemporality: CUMULATIVE, isMonotonic: true };
      metrics.push({ name: 'k8s.container.restart.count', sum });
    }
    return [resourceMetrics({ 'service.name': name, 'service.instance.id': 'platform' }, metrics)];
  };
}

/** A counter: the sum up to each minute; unknown stays unknown. */
function countedUp(values: Float64Array | undefined): Float64Array | null {
  if (values === undefined) return null;
  let sum = 0;
  return values.map((value) => {
    if (Number.isNaN(value)) return value;
    sum += value;
    return sum;
  });
}

interface Part {
  readonly resource: Attributes;
  /** Share of the service's requests, and its median over the service's. */
  readonly share: number;
  readonly p50Ms: number;
}

function requestsOf(
  { name, series }: ServiceHistory,
  { startMs }: SystemHistory,
  pools: readonly PoolHistory[],
): Minutes {
  const at = (key: ServiceSeries, minute: number) => series[key]?.[minute] ?? Number.NaN;
  return (from, until) => {
    const byResource = new Map<string, { resource: Attributes; dataPoints: unknown[] }>();
    for (let minute = from; minute < until; minute++) {
      const count = at('requests', minute);
      if (!(count > 0)) continue;
      const service = {
        count,
        p99S: at('p99Ms', minute) / 1_000,
        sumS: (count * at('meanMs', minute)) / 1_000,
        ...failedOf(count, at('errors', minute), at('rejected', minute)),
      };
      const version = at('version', minute);
      const named = {
        'service.name': name,
        ...(Number.isNaN(version) ? {} : { 'service.version': String(version) }),
      };
      const parts = partsOf(pools, minute, named) ?? [
        { resource: { ...named, 'service.instance.id': '1' }, share: 1, p50Ms: at('p50Ms', minute) },
      ];
      for (const { part, points } of pointsOfParts(parts, service, [startMs, minute])) {
        const key = JSON.stringify(part.resource);
        const told = byResource.get(key) ?? { resource: part.resource, dataPoints: [] };
        byResource.set(key, told);
        told.dataPoints.push(...points);
      }
    }
    return [...byResource.values()].map(({ resource, dataPoints }) =>
      resourceMetrics(resource, [
        {
          name: 'http.server.request.duration',
          unit: 's',
          exponentialHistogram: { dataPoints, aggregationTemporality: DELTA },
        },
      ]),
    );
  };
}

function failedOf(count: number, errors: number, rejected: number) {
  const refused = Math.min(count, Math.max(0, rejected || 0));
  return { rejected: refused, errors: Math.min(count - refused, Math.max(0, (errors || 0) - refused)) };
}

/** A part of each instance of each pool; null where the service has none. */
function partsOf(pools: readonly PoolHistory[], minute: number, named: Attributes): Part[] | null {
  if (pools.length === 0) return null;
  const shares = pools.map(({ shareRatio }) => shareRatio[minute] as number);
  const total = shares.reduce((sum, share) => sum + share, 0);
  return pools.flatMap(({ pool, p50Ms, replicas }, i) => {
    const instances = Math.max(1, Math.round(replicas[minute] as number));
    return Array.from({ length: instances }, (_, k) => ({
      resource: { ...named, 'cloud.availability_zone': pool, 'service.instance.id': `${pool}-${k}` },
      share: (shares[i] as number) / total / instances,
      p50Ms: p50Ms[minute] as number,
    }));
  });
}

function pointsOfParts(
  parts: readonly Part[],
  of: { count: number; p99S: number; sumS: number; errors: number; rejected: number },
  [startMs, minute]: readonly [number, number],
): { part: Part; points: unknown[] }[] {
  const split = (whole: number) =>
    splitBy(
      whole,
      parts.map(({ share }) => share),
    );
  const counts = split(of.count);
  const rejected = split(of.rejected);
  const errors = split(of.errors);
  const weights = parts.map(({ p50Ms }, i) => p50Ms * (counts[i] as number));
  const weightSum = weights.reduce((sum, weight) => sum + weight, 0);
  const durations = parts.map(({ p50Ms }, i) =>
    counts[i] === 0
      ? null
      : durationHistogram({ count: counts[i] as number, p50S: p50Ms / 1_000, p99S: of.p99S }),
  );
  const { offset, length } = commonBuckets(durations);
  return parts.flatMap((part, i) => {
    const own = durations[i];
    if (own === null || own === undefined) return [];
    const ok = new Array<number>(length).fill(0);
    for (const [k, n] of own.counts.entries()) ok[own.offset - offset + k] = n;
    const outcomes = [
      { attributes: { 'http.response.status_code': 503 }, counts: takeCounts(ok, rejected[i] as number) },
      {
        attributes: { 'http.response.status_code': 500, 'error.type': '500' },
        counts: takeCounts(ok, errors[i] as number),
      },
      { attributes: { 'http.response.status_code': 200 }, counts: ok },
    ];
    const perRequestS = (of.sumS * ((weights[i] as number) / weightSum)) / (counts[i] as number);
    const points = outcomes.flatMap(({ attributes, counts: bucketCounts }) => {
      const n = bucketCounts.reduce((sum, each) => sum + each, 0);
      if (n === 0) return [];
      return [
        {
          startTimeUnixNano: nano(startMs + minute * MINUTE_MS),
          timeUnixNano: endOf(startMs, minute),
          attributes: attributesOf(attributes),
          count: String(n),
          sum: perRequestS * n,
          scale: own.scale,
          positive: { offset, bucketCounts },
        },
      ];
    });
    return [{ part, points }];
  });
}

/** One range of buckets for all parts of a minute: what is merged then needs no guess. */
function commonBuckets(durations: readonly (Durations | null)[]): { offset: number; length: number } {
  const known = durations.filter((each) => each !== null);
  const offset = Math.min(...known.map((each) => each.offset));
  const end = Math.max(...known.map((each) => each.offset + each.counts.length));
  return { offset, length: end - offset };
}

/** Whole numbers that add up to the whole. */
function splitBy(whole: number, shares: readonly number[]): number[] {
  let sum = 0;
  let given = 0;
  return shares.map((share) => {
    sum += share;
    const upTo = Math.min(whole, Math.round(whole * sum));
    const part = upTo - given;
    given = upTo;
    return part;
  });
}

function endOf(startMs: number, minute: number): string {
  return nano(startMs + (minute + 1) * MINUTE_MS);
}

function minuteBefore(timeUnixNano: string): string {
  return String(BigInt(timeUnixNano) - 60_000_000_000n);
}
