import type { ClickHouseClient } from '@clickhouse/client';
import { type MetricFold, SERIES_METRICS, type SeriesMetric } from '../../core/series-metrics.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { READING_GAP_MS_MAX } from './read-request-minutes.ts';

interface Row {
  readonly ServiceName: string;
  readonly MetricName: string;
  readonly MinutesS: readonly number[];
  readonly Folds: Readonly<Record<MetricFold, readonly (number | null)[]>>;
}

export interface MetricMinutes {
  readonly serviceName: string;
  readonly series: SeriesMetric['series'];
  readonly startsMs: readonly number[];
  /** null where the readings of the minute do not tell. */
  readonly values: readonly (number | null)[];
}

/**
 * Gauges and counters of the names in `SERIES_METRICS`, a number a minute.
 * @returns one entry per service and metric name that was sent
 * @throws PipelineError store_unavailable
 */
export async function readMetricMinutes(
  client: ClickHouseClient,
  query: { readonly serviceNames: readonly string[]; readonly fromMs: number; readonly untilMs: number },
): Promise<MetricMinutes[]> {
  const rows = await readRows<Row>(client, {
    sql: SQL,
    params: {
      services: query.serviceNames,
      before: toClickhouseTime(query.fromMs - READING_GAP_MS_MAX),
      from: toClickhouseTime(query.fromMs),
      until: toClickhouseTime(query.untilMs),
      gap: READING_GAP_MS_MAX,
    },
    about: 'tally_metric_minute',
  });
  return rows.flatMap((row) => {
    const metric = SERIES_METRICS[row.MetricName];
    if (metric === undefined) return [];
    return [
      {
        serviceName: row.ServiceName,
        series: metric.series,
        startsMs: row.MinutesS.map((s) => s * 1_000),
        values: row.Folds[metric.fold],
      },
    ];
  });
}

// A level that a delta changes is not known: nobody says where it began. Of a gauge, `count` is its level: a cost per
// minute is sent as a gauge too.
const SQL = `
SELECT ServiceName, MetricName, groupArray(toUnixTimestamp(Minute)) AS MinutesS,
  CAST((groupArray(tuple(LevelSum)).1, groupArray(tuple(LevelMean)).1, groupArray(tuple(LevelMax)).1,
    groupArray(tuple(Counted)).1, groupArray(tuple(Rises)).1),
    'Tuple(sum Array(Nullable(Float64)), mean Array(Nullable(Float64)), max Array(Nullable(Float64)),
      count Array(Nullable(Float64)), rises Array(Nullable(Float64)))') AS Folds
FROM (
  SELECT ServiceName, MetricName, Minute,
    sumOrNullIf(L.3, Temporality != 1) AS LevelSum, avgOrNullIf(L.3, Temporality != 1) AS LevelMean,
    maxOrNullIf(L.3, Temporality != 1) AS LevelMax,
    sumOrNullIf(multiIf(Temporality != 2, L.3, IsNew OR L.3 < P.3, L.3, L.3 - P.3)
        * if(Temporality = 2 AND HasBefore, 60000 / IntervalMs, 1),
      Temporality = 0 OR IntervalMs BETWEEN 1 AND {gap:UInt32}) AS Counted,
    sumOrNullIf(greatest(L.3 - P.3, 0), HasBefore AND Temporality != 1) AS Rises
  FROM (
    SELECT *, toUnixTimestamp64Milli(P.1) > 0 AS HasBefore, NOT HasBefore AS IsNew,
      multiIf(HasBefore, toUnixTimestamp64Milli(L.1) - toUnixTimestamp64Milli(P.1),
        toUnixTimestamp64Milli(L.2) = 0 AND Temporality = 1, 60000,
        toUnixTimestamp64Milli(L.1) - toUnixTimestamp64Milli(L.2)) AS IntervalMs
    FROM (
      SELECT ServiceName, MetricName, Minute, Temporality, L,
        lagInFrame(L) OVER (PARTITION BY ServiceName, MetricName, Series, Temporality, Epoch ORDER BY Minute
          ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS P
      FROM (
        SELECT ServiceName, MetricName, Minute, Temporality, Epoch, Series, max(Last) AS L
        FROM tally_metric_minute
        WHERE ServiceName IN {services:Array(String)}
          AND Minute >= {before:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
        GROUP BY ServiceName, MetricName, Minute, Temporality, Epoch, Series
      )
    )
  )
  WHERE Minute >= {from:DateTime64(3, 'UTC')}
  GROUP BY ServiceName, MetricName, Minute ORDER BY ServiceName, MetricName, Minute
)
GROUP BY ServiceName, MetricName ORDER BY ServiceName, MetricName`;
