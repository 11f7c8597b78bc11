import {
  attributePairs,
  type Context,
  INT64_MAX,
  Oddities,
  pointingIds,
  sourceColumns,
  storedDouble,
  storedTime,
} from './expected-values.ts';
import type { Exemplar, Metric, MetricData, MetricsRequest, Point, Resource, Scope } from './otlp-model.ts';

export type Rows = Record<string, object[]>;

interface Around {
  readonly resource: Resource | undefined;
  readonly schemaUrl: string | undefined;
  readonly scope: Scope | undefined;
  readonly scopeSchemaUrl: string | undefined;
  readonly metric: Metric;
  readonly context: Context;
}

/** Rows of the five metric tables; points that nobody could read back have none. */
export function expectedPoints(request: MetricsRequest, context: Context): Rows {
  const rows: Rows = {};
  for (const { resource, scopeMetrics, schemaUrl } of request.resourceMetrics ?? []) {
    for (const { scope, metrics, schemaUrl: scopeSchemaUrl } of scopeMetrics ?? []) {
      for (const metric of metrics ?? []) {
        addMetric(rows, { resource, schemaUrl, scope, scopeSchemaUrl, metric, context });
      }
    }
  }
  return rows;
}

function addMetric(rows: Rows, around: Around): void {
  const kinds = [
    ['otel_metrics_gauge', around.metric.gauge, gauge],
    ['otel_metrics_sum', around.metric.sum, sum],
    ['otel_metrics_histogram', around.metric.histogram, histogram],
    ['otel_metrics_exponential_histogram', around.metric.exponentialHistogram, exponential],
    ['otel_metrics_summary', around.metric.summary, summary],
  ] as const;
  for (const [table, data, columnsOf] of kinds) {
    for (const point of data?.dataPoints ?? []) {
      const odd = new Oddities();
      const own = columnsOf(point, data as MetricData, { odd, context: around.context });
      if (own === null) continue;
      rows[table] ??= [];
      rows[table].push({ ...commonColumns(point, around, odd), ...own, Anomalies: odd.bits });
    }
  }
}

function commonColumns(point: Point, around: Around, odd: Oddities) {
  const { resource, scope, metric, context } = around;
  return {
    ...sourceColumns(resource?.attributes, context),
    ResourceAttributes: attributePairs(resource?.attributes, odd),
    ResourceSchemaUrl: around.schemaUrl ?? '',
    ScopeName: scope?.name ?? '',
    ScopeVersion: scope?.version ?? '',
    ScopeAttributes: attributePairs(scope?.attributes, odd),
    ScopeDroppedAttrCount: scope?.droppedAttributesCount ?? 0,
    ScopeSchemaUrl: around.scopeSchemaUrl ?? '',
    MetricName: metric.name ?? '',
    MetricDescription: metric.description ?? '',
    MetricUnit: metric.unit ?? '',
    Attributes: attributePairs(point.attributes, odd),
    Flags: point.flags ?? 0,
    ...pointTimes(point, context, odd),
  };
}

function pointTimes(point: Point, context: Context, odd: Oddities) {
  const times = new Oddities();
  const sentStart = point.startTimeUnixNano ?? 0n;
  times.add('timeOutOfRange', sentStart > INT64_MAX);
  const start = sentStart > INT64_MAX ? 0n : sentStart;
  const time = storedTime(point.timeUnixNano, context, times);
  times.add('timeMissing', (point.timeUnixNano ?? 0n) === 0n);
  times.add('startAfterTime', start > time && times.bits === 0);
  odd.bits |= times.bits;
  return { StartTimeUnix: `${start}`, TimeUnix: `${time}` };
}

interface With {
  readonly odd: Oddities;
  readonly context: Context;
}

function exemplarColumns(exemplars: readonly Exemplar[] | undefined, { odd, context }: With) {
  const list = exemplars ?? [];
  const ids = list.map((exemplar) => pointingIds(exemplar, odd));
  return {
    'Exemplars.FilteredAttributes': list.map((exemplar) => attributePairs(exemplar.filteredAttributes, odd)),
    'Exemplars.TimeUnix': list.map((exemplar) => `${storedTime(exemplar.timeUnixNano, context, odd)}`),
    'Exemplars.Value': list.map(({ asInt, asDouble }) =>
      storedDouble(asInt === undefined ? (asDouble ?? Number.NaN) : Number(asInt)),
    ),
    'Exemplars.SpanId': ids.map(({ spanId }) => spanId),
    'Exemplars.TraceId': ids.map(({ traceId }) => traceId),
  };
}

function gauge(point: Point, _: MetricData, using: With) {
  const { asInt, asDouble } = point;
  if (asInt === undefined && asDouble === undefined && ((point.flags ?? 0) & 1) === 0) return null;
  return {
    Value: storedDouble(asInt === undefined ? (asDouble ?? Number.NaN) : Number(asInt)),
    ValueInt: asInt === undefined ? null : `${asInt}`,
    ...exemplarColumns(point.exemplars, using),
  };
}

function sum(point: Point, data: MetricData, using: With) {
  const own = gauge(point, data, using);
  if (own === null || (data.aggregationTemporality ?? 0) === 0) return null;
  return {
    ...own,
    AggregationTemporality: data.aggregationTemporality,
    IsMonotonic: data.isMonotonic ?? false,
  };
}

function statistics(point: Point) {
  return {
    Count: `${point.count ?? 0n}`,
    Sum: storedDouble(point.sum ?? Number.NaN),
    Min: storedDouble(point.min ?? Number.NaN),
    Max: storedDouble(point.max ?? Number.NaN),
  };
}

const total = (counts: readonly bigint[]): bigint => counts.reduce((left, right) => left + right, 0n);

function histogram(point: Point, data: MetricData, using: With) {
  const counts = point.bucketCounts ?? [];
  const bounds = point.explicitBounds ?? [];
  const fits = counts.length === bounds.length + 1 || (counts.length === 0 && bounds.length === 0);
  if ((data.aggregationTemporality ?? 0) === 0 || (!fits && ((point.flags ?? 0) & 1) === 0)) return null;
  using.odd.add('bucketsMisfit', !fits || (counts.length > 0 && total(counts) !== (point.count ?? 0n)));
  return {
    ...statistics(point),
    BucketCounts: counts.map(String),
    ExplicitBounds: bounds.map(storedDouble),
    AggregationTemporality: data.aggregationTemporality,
    ...exemplarColumns(point.exemplars, using),
  };
}

function exponential(point: Point, data: MetricData, using: With) {
  if ((data.aggregationTemporality ?? 0) === 0) return null;
  const positive = point.positive?.bucketCounts ?? [];
  const negative = point.negative?.bucketCounts ?? [];
  const inBuckets = total([...positive, ...negative, point.zeroCount ?? 0n]);
  using.odd.add('bucketsMisfit', inBuckets !== (point.count ?? 0n));
  return {
    ...statistics(point),
    Scale: point.scale ?? 0,
    ZeroCount: `${point.zeroCount ?? 0n}`,
    ZeroThreshold: storedDouble(point.zeroThreshold ?? 0),
    PositiveOffset: point.positive?.offset ?? 0,
    PositiveBucketCounts: positive.map(String),
    NegativeOffset: point.negative?.offset ?? 0,
    NegativeBucketCounts: negative.map(String),
    AggregationTemporality: data.aggregationTemporality,
    ...exemplarColumns(point.exemplars, using),
  };
}

function summary(point: Point) {
  const quantiles = point.quantileValues ?? [];
  return {
    Count: `${point.count ?? 0n}`,
    Sum: storedDouble(point.sum ?? 0),
    'ValueAtQuantiles.Quantile': quantiles.map(({ quantile }) => storedDouble(quantile ?? 0)),
    'ValueAtQuantiles.Value': quantiles.map(({ value }) => storedDouble(value ?? 0)),
  };
}
