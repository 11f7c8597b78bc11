import type { ClickHouseClient } from '@clickhouse/client';
import { SERIES_METRICS, type SeriesMetric } from '../../core/series-metrics.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { READING_GAP_MS_MAX } from './duration-readings.ts';
import { foldReadings, type Readings } from './fold-readings.ts';

interface Row {
  readonly ServiceName: string;
  readonly MetricName: string;
  readonly Temporality: number;
  readonly MinutesS: readonly number[];
  readonly Times: readonly string[];
  readonly Starts: readonly string[];
  readonly Readings: readonly number[];
}

export interface MetricMinutes {
  readonly serviceName: string;
  readonly series: SeriesMetric['series'];
  /** A minute each, NaN where the readings do not tell. */
  readonly values: Float64Array;
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
      until: toClickhouseTime(query.untilMs),
    },
    about: 'tally_metric_minute',
  });
  const groups = Map.groupBy(rows, (row) => `${row.ServiceName}\u001f${row.MetricName}`);
  return [...groups.values()].flatMap((group) => {
    const { ServiceName: serviceName, MetricName } = group[0] as Row;
    const metric = SERIES_METRICS[MetricName];
    if (metric === undefined) return [];
    const values = foldReadings(group.map(readingsOf), metric.fold, query);
    const { series, scale = 1 } = metric;
    return [{ serviceName, series, values: scale === 1 ? values : values.map((value) => value * scale) }];
  });
}

function readingsOf(row: Row): Readings {
  return {
    temporality: row.Temporality,
    minutesMs: row.MinutesS.map((s) => s * 1_000),
    timesMs: row.Times.map(Number),
    startsMs: row.Starts.map(Number),
    values: row.Readings,
  };
}

// Series are told apart here and read there: to look at the reading before in SQL takes ten times as long. Their order is
// told, so that sums of floats have the same bits each time.
const SQL = `
SELECT ServiceName, MetricName, Temporality, groupArray(toUnixTimestamp(Minute)) AS MinutesS,
  groupArray(toUnixTimestamp64Milli(Last.1)) AS Times, groupArray(toUnixTimestamp64Milli(Last.2)) AS Starts,
  groupArray(Last.3) AS Readings
FROM (
  SELECT * FROM tally_metric_minute FINAL
  WHERE ServiceName IN {services:Array(String)}
    AND Minute >= {before:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
  ORDER BY ServiceName, MetricName, Minute, Epoch
)
GROUP BY ServiceName, MetricName, Temporality, if(Temporality = 2, Epoch, toDateTime64(0, 9, 'UTC')) AS Since, Series
ORDER BY ServiceName, MetricName, Temporality, Since, Series`;
