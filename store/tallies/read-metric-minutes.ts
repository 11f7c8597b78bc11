import type { ClickHouseClient } from '@clickhouse/client';
import { type MetricFold, SERIES_METRICS, type SeriesMetric } from '../../core/series-metrics.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { fromJsonFloat, type JsonFloat } from '../json-float.ts';
import { readRows } from '../read-rows.ts';
import { READING_GAP_MS_MAX } from './read-request-minutes.ts';

interface Row extends Readonly<Record<MetricFold, readonly JsonFloat[]>> {
  readonly ServiceName: string;
  readonly MetricName: string;
  readonly MinutesS: readonly number[];
}

export interface MetricMinutes {
  readonly serviceName: string;
  readonly series: SeriesMetric['series'];
  readonly startsMs: readonly number[];
  /** NaN where the readings of the minute do not tell. */
  readonly values: readonly number[];
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
        values: row[metric.fold].map(fromJsonFloat),
      },
    ];
  });
}

// A level that a delta changes is not known: nobody says where it began. Of a gauge, `count` is its level: a cost per
// minute is sent as a gauge too.
const SQL = `
SELECT ServiceName, MetricName, groupArray(toUnixTimestamp(Minute)) AS MinutesS, groupArray(LevelSum) AS sum,
  groupArray(LevelMean) AS mean, groupArray(LevelMax) AS max, groupArray(Counted) AS count, groupArray(Risen) AS rises
FROM (
  SELECT ServiceName, MetricName, Minute,
    sumIf(Value, IsLevel) AS LevelSum, LevelSum / countIf(IsLevel) AS LevelMean,
    if(countIf(IsLevel) = 0, nan, maxIf(Value, IsLevel)) AS LevelMax,
    if(countIf(IsCounted) = 0, nan, sumIf(Added, IsCounted)) AS Counted,
    if(countIf(HasBefore AND IsLevel) = 0, nan, sumIf(greatest(Value - Before, 0), HasBefore AND IsLevel)) AS Risen
  FROM (
    SELECT ServiceName, MetricName, Minute, Value, Before, TimeBefore > 0 AS HasBefore, Temporality != 1 AS IsLevel,
      multiIf(HasBefore, TimeMs - TimeBefore, StartMs = 0 AND Temporality = 1, 60000, TimeMs - StartMs) AS IntervalMs,
      Temporality = 0 OR IntervalMs BETWEEN 1 AND {gap:UInt32} AS IsCounted,
      multiIf(Temporality != 2, Value, NOT HasBefore, Value, if(Value < Before, Value, Value - Before) * 60000 / IntervalMs) AS Added
    FROM (
      SELECT ServiceName, MetricName, Minute, Temporality, Last.3 AS Value, toUnixTimestamp64Milli(Last.1) AS TimeMs,
        toUnixTimestamp64Milli(Last.2) AS StartMs, lagInFrame(Last.3) OVER series AS Before,
        lagInFrame(toUnixTimestamp64Milli(Last.1)) OVER series AS TimeBefore
      FROM tally_metric_minute FINAL
      WHERE ServiceName IN {services:Array(String)}
        AND Minute >= {before:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
      WINDOW series AS (PARTITION BY ServiceName, MetricName, Series, Temporality, Epoch ORDER BY Minute
        ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
    )
  )
  WHERE Minute >= {from:DateTime64(3, 'UTC')}
  GROUP BY ServiceName, MetricName, Minute ORDER BY ServiceName, MetricName, Minute
)
GROUP BY ServiceName, MetricName ORDER BY ServiceName, MetricName`;
