import type { ClickHouseClient } from '@clickhouse/client';
import { serviceKey } from '../../core/service-key.ts';
import type { StreamsOfService, StreamTally } from '../../core/stream-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

export interface StreamTallies {
  readonly services: readonly StreamsOfService[];
  /** Services that were not read, as there are too many; those with the fewest points are left out. */
  readonly servicesLeftOut: number;
}

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly ServiceInstanceId: string;
  readonly Resource: string;
  readonly MetricName: string;
  readonly Series: string;
  readonly Kind: StreamTally['kind'];
  readonly Temporality: number;
  readonly IsMonotonic: number;
  readonly EpochMs: string;
  readonly SeriesCount: string;
  readonly Deliveries: string;
  readonly FastRepeats: string;
  readonly NotRecorded: string;
  readonly Overflowed: string;
  readonly OffsetsMs: readonly number[];
  readonly Hashes: readonly number[];
  readonly Durations: readonly number[];
  readonly Peak: number | string;
  readonly FastPeak: number | string;
  readonly LastAt: string;
  readonly LastValue: number | string;
}

export interface StreamLimits {
  /** Series per service, all its writers together; fewer, where `rowsMax` is short. */
  readonly seriesMax: number;
  readonly servicesMax: number;
  readonly rowsMax: number;
}

const SERIES_MIN = 8;
/** 128 series tell how the exports of a service fare; the rest share their fate. */
const LIMITS: StreamLimits = { seriesMax: 128, servicesMax: 10_000, rowsMax: 200_000 };

/**
 * The metric streams that arrived since `fromMs`, per service. Of a service with more than `seriesMax` series (times
 * writers) a subset by hash is read: halved until it fits, so that it is the same series each time. Of a delta stream
 * all starts are one tally.
 * @param range.splitMs from where on `fastPeak` and `fastRepeats` count; both are rounded down to the tally's minutes
 * @throws PipelineError store_unavailable
 */
export async function readStreamTallies(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly splitMs: number },
  limits: StreamLimits = LIMITS,
): Promise<StreamTallies> {
  const fromMs = Math.floor(range.fromMs / 60_000) * 60_000;
  const params = {
    from: toClickhouseTime(fromMs),
    split: toClickhouseTime(Math.floor(range.splitMs / 60_000) * 60_000),
    fromMs,
    series: limits.seriesMax,
    services: limits.servicesMax,
    rows: limits.rowsMax,
  };
  const about = 'tally_metric_stream';
  const [rows, counts] = await Promise.all([
    readRows<Row>(client, { sql: SQL, params, about }),
    readRows<{ Services: string }>(client, { sql: COUNT_SQL, params, about }),
  ]);
  const byService = Map.groupBy(rows, (row) => serviceKey(serviceOf(row)));
  const services = [...byService.values()].map((own) => ({
    service: serviceOf(own[0] as Row),
    streams: own.map((row) => tallyOf(row, fromMs)),
    seriesCount: Number((own[0] as Row).SeriesCount),
    seriesRead: new Set(own.map(identityOf)).size,
  }));
  return {
    services,
    servicesLeftOut: Math.max(0, Number(counts[0]?.Services ?? 0) - services.length),
  };
}

const SINCE = `WHERE ReceiveBucket >= {from:DateTime64(3, 'UTC')}`;
const SERVICE = 'Tenant, ServiceNamespace, ServiceName';
const IDENTITY = 'cityHash64(Series, ServiceInstanceId, Resource)';

const COUNT_SQL = `SELECT uniqExact(${SERVICE}) AS Services FROM tally_metric_stream ${SINCE}`;

// Services with the most points first: 100,000 sources of one point each must not push the others out, and one with ids
// that change at every export is held to its series like any other. Of many services fewer series each are read.
const SQL = `
WITH kept AS (
  SELECT *, greatest(${SERIES_MIN}, least({series:UInt32}, intDiv({rows:UInt32}, count() OVER ()))) AS Cap,
    toUInt64(exp2(greatest(0, ceil(log2(SeriesCount / Cap))))) AS Stride
  FROM (
    SELECT ${SERVICE}, uniqExact(${IDENTITY}) AS SeriesCount, sum(Points) AS PointCount
    FROM tally_metric_stream ${SINCE}
    GROUP BY ${SERVICE} ORDER BY PointCount DESC, ${SERVICE} LIMIT {services:UInt32}
  )
)
SELECT ${SERVICE}, ServiceInstanceId, toString(Resource) AS Resource, MetricName, toString(Series) AS Series, Kind,
  Temporality, IsMonotonic, toUnixTimestamp64Milli(EpochStart) AS EpochMs, any(kept.SeriesCount) AS SeriesCount,
  sum(Points) - sum(Unrecorded) AS Deliveries, sum(Unrecorded) AS NotRecorded, sum(Overflow) AS Overflowed,
  maxMap(Distinct) AS Merged,
  sumIf(Points - Unrecorded, ReceiveBucket >= {split:DateTime64(3, 'UTC')})
    - length(maxMapIf(Distinct, ReceiveBucket >= {split:DateTime64(3, 'UTC')})) AS FastRepeats,
  arrayMap(k -> toInt64(bitShiftRight(k, 22)) - {fromMs:Int64}, mapKeys(Merged)) AS Offsets,
  arrayMap(x -> toFloat64(x), Offsets) AS OffsetsMs,
  arrayMap(k -> toUInt32(bitAnd(k, 4194303)), mapKeys(Merged)) AS Hashes,
  mapValues(Merged) AS Durations,
  max(ValueMax) AS Peak, maxIf(ValueMax, ReceiveBucket >= {split:DateTime64(3, 'UTC')}) AS FastPeak,
  max(Last) AS Newest, Newest.1 AS LastAt, Newest.2 AS LastValue
FROM tally_metric_stream AS t INNER JOIN kept USING (${SERVICE})
${SINCE} AND ${IDENTITY} % Stride = 0
GROUP BY ${SERVICE}, ServiceInstanceId, Resource, MetricName, Series, Kind, Temporality, IsMonotonic, EpochStart
ORDER BY any(PointCount) DESC, ${SERVICE} LIMIT {rows:UInt32}`;

const TEMPORALITIES = ['none', 'delta', 'cumulative'] as const;

function serviceOf(row: Row) {
  return { tenant: row.Tenant, serviceNamespace: row.ServiceNamespace, serviceName: row.ServiceName };
}

function identityOf(row: Row): string {
  return `${row.Series}/${row.ServiceInstanceId}/${row.Resource}`;
}

function tallyOf(row: Row, fromMs: number): StreamTally {
  const hasValue = row.LastAt !== '0';
  return {
    service: serviceOf(row),
    serviceInstanceId: row.ServiceInstanceId,
    resource: row.Resource,
    metricName: row.MetricName,
    series: row.Series,
    kind: row.Kind,
    temporality: TEMPORALITIES[row.Temporality] ?? 'none',
    isMonotonic: row.IsMonotonic === 1,
    epochStartMs: Number(row.EpochMs),
    repeats: Number(row.Deliveries) - row.OffsetsMs.length,
    fastRepeats: Number(row.FastRepeats),
    unrecorded: Number(row.NotRecorded),
    overflow: Number(row.Overflowed),
    points: row.OffsetsMs.map((offsetMs, i) => ({
      timeMs: fromMs + offsetMs,
      valueHash: row.Hashes[i] as number,
      durationMs: row.Durations[i] as number,
    })),
    peak: hasValue ? Number(row.Peak) : null,
    fastPeak: hasValue ? Number(row.FastPeak) : null,
    last: hasValue ? Number(row.LastValue) : null,
  };
}
