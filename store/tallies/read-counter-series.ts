import type { ClickHouseClient } from '@clickhouse/client';
import { counterMetric } from '../../core/counter-metric.ts';
import type { CounterPoint, CounterSeries } from '../../core/counter-series.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

/** Bucket in s, start of the first, time and value of the first, time and value of the last, maximum, sum of deltas. */
type Bucket = readonly [number, string, string, string, string, string, string, string];

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly ServiceInstanceId: string;
  readonly MetricName: string;
  readonly Temporality: number;
  readonly EpochMs: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Buckets: readonly Bucket[];
}

/**
 * What SDKs, Collectors and servers counted of themselves and reported since `fromMs`, for all sources.
 * @throws PipelineError store_unavailable
 */
export async function readCounterSeries(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<CounterSeries[]> {
  const rows = await readRows<Row>(client, {
    sql: SQL,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'tally_counter',
  });
  return rows.map((row) => ({
    instance: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: row.ServiceInstanceId,
    },
    metric: counterMetric(row.MetricName),
    labels: row.Labels,
    temporality: row.Temporality === 1 ? 'delta' : row.Temporality === 2 ? 'cumulative' : 'level',
    epochMs: row.Temporality === 2 ? Number(row.EpochMs) : null,
    points: row.Buckets.flatMap((bucket) => pointsOf(bucket, row.Temporality)).sort(
      (a, b) => a.timeMs - b.timeMs,
    ),
  }));
}

// Rows of one bucket and series may not be merged yet, so they are merged here first.
const SQL = `
SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality,
  toUnixTimestamp64Milli(Epoch) AS EpochMs, any(Labels) AS Labels,
  arraySort(bucket -> bucket.1, groupArray((toUnixTimestamp(ReceiveBucket), toUnixTimestamp64Milli(Start),
    toUnixTimestamp64Milli(F.1), F.2, toUnixTimestamp64Milli(L.1), L.2, Highest, Added))) AS Buckets
FROM (
  SELECT ReceiveBucket, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series,
    any(Labels) AS Labels, min(StartTimeMin) AS Start, min(First) AS F, max(Last) AS L, max(ValueMax) AS Highest,
    sum(DeltaSum) AS Added
  FROM tally_counter
  WHERE ReceiveBucket >= {from:DateTime64(3, 'UTC')} AND ReceiveBucket < {until:DateTime64(3, 'UTC')}
  GROUP BY ReceiveBucket, Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series
)
GROUP BY Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, MetricName, Temporality, Epoch, Series`;

/** A bucket of several points is told by its first and last, and by its highest where the counter fell in between. */
function pointsOf(bucket: Bucket, temporality: number): CounterPoint[] {
  const [bucketS, startMs, firstMs, first, lastMs, last, highest, added] = bucket;
  const at = (timeMs: string, value: string): CounterPoint => ({
    timeMs: Number(timeMs),
    receiveBucketMs: bucketS * 1_000,
    startMs: Number(startMs),
    value: Number(value),
  });
  if (temporality === 1) return [at(lastMs, added)];
  if (firstMs === lastMs) return [at(lastMs, last)];
  const fell = temporality === 2 && Number(highest) > Math.max(Number(first), Number(last));
  return [at(firstMs, first), ...(fell ? [at(lastMs, highest)] : []), at(lastMs, last)];
}
