import type { ClickHouseClient } from '@clickhouse/client';
import type { PopulationSeries } from '../../core/sampling/population-series.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { POPULATION_COLUMNS, type PopulationRow, populationSeries } from './population-rows.ts';

/** A counter or histogram that people named, of any name; with the labels they named. */
export interface DeclaredMetric {
  readonly serviceName: string;
  readonly metric: string;
  readonly labels: readonly string[];
}

/**
 * Readings of counters that a constraint names, straight from the rows: any name can be written, and the tables are
 * sorted by service and metric, so that one counter is a few granules. Sums must be monotonic.
 * @throws PipelineError store_unavailable
 */
export async function readDeclaredCounters(
  client: ClickHouseClient,
  counters: readonly DeclaredMetric[],
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<PopulationSeries[]> {
  if (counters.length === 0) return [];
  const rows = await readRows<PopulationRow>(client, {
    sql: SQL,
    params: {
      services: [...new Set(counters.map(({ serviceName }) => serviceName))],
      metrics: [...new Set(counters.map(({ metric }) => metric))],
      labels: [...new Set([...CLASS_LABELS, ...counters.flatMap(({ labels }) => labels)])],
      from: toClickhouseTime(range.fromMs),
      until: toClickhouseTime(range.untilMs),
    },
    about: 'otel_metrics_sum',
  });
  const named = new Set(counters.map(({ serviceName, metric }) => `${serviceName}\u001f${metric}`));
  return rows
    .filter(({ ServiceName, MetricName }) => named.has(`${ServiceName}\u001f${MetricName}`))
    .map((row) => ({ ...populationSeries(row), metric: row.MetricName }));
}

/** What tells an error, or that a limit was reached. */
const CLASS_LABELS = [
  'error.type',
  'http.response.status_code',
  'http.status_code',
  'http.route',
  'rpc.grpc.status_code',
  'otel.metric.overflow',
];

const COMMON = `Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName,
    toUInt8(AggregationTemporality) AS Temporality,
    if(AggregationTemporality = 2, StartTimeUnix, toDateTime64(0, 9, 'UTC')) AS Epoch,
    cityHash64(ScopeName, mapSort(Attributes)) AS Series, TimeUnix, StartTimeUnix,
    mapFilter((k, v) -> k IN {labels:Array(String)}, Attributes) AS Kept,
    toUInt8(multiSearchAnyCaseInsensitive(ScopeName, ['spanmetrics', 'span-metrics', 'signaltometrics'])
      OR mapContains(Attributes, 'sampling.method') OR mapContains(Attributes, 'span.kind')) AS IsDerived`;
const WHERE = `ServiceName IN {services:Array(String)} AND MetricName IN {metrics:Array(String)}
    AND ReceivedAt >= {from:DateTime64(3, 'UTC')} AND ReceivedAt < {until:DateTime64(3, 'UTC')}
    AND AggregationTemporality IN (1, 2) AND bitAnd(Flags, 1) = 0`;

const SQL = `
SELECT ${POPULATION_COLUMNS}
FROM (
  SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series, TimeUnix,
    any(Kept) AS L, max(IsDerived) AS D, max(BoundsMs) AS B, min(StartTimeUnix) AS StartedAt, max(Counts) AS C
  FROM (
    SELECT ${COMMON}, CAST([], 'Array(Float64)') AS BoundsMs,
      [ifNull(ValueInt, toInt64(round(greatest(least(Value, 9e18), -9e18))))] AS Counts
    FROM otel_metrics_sum WHERE ${WHERE} AND IsMonotonic AND isFinite(Value)
    UNION ALL
    SELECT ${COMMON}, arrayMap(b -> round(if(MetricUnit = 'ms', b, b * 1000), 3), ExplicitBounds) AS BoundsMs,
      arrayMap(c -> toInt64(least(c, 9000000000000000000)), arrayConcat([Count], BucketCounts)) AS Counts
    FROM otel_metrics_histogram WHERE ${WHERE}
  )
  GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series, TimeUnix
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series, B`;
