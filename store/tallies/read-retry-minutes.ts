import type { ClickHouseClient } from '@clickhouse/client';
import type { WeightKind } from '../../core/sampling/sampling-window.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { countOfSpans } from './count-of-spans.ts';
import type { RollupQuery } from './rollup-query.ts';

interface Row {
  readonly ServiceName: string;
  readonly MinuteS: number;
  readonly WeightKind: WeightKind;
  readonly WeightKey: string;
  readonly Resends: string;
  readonly Timeouts: string;
}

export interface RetryMinute {
  readonly serviceName: string;
  readonly startMs: number;
  retries: number;
  timeouts: number;
}

/**
 * Calls that a service made again, and those that timed out, in order of time; a minute without either is not there. NaN
 * where the weight of any of the spans is unknown.
 * @throws PipelineError store_unavailable
 */
export async function readRetryMinutes(client: ClickHouseClient, query: RollupQuery): Promise<RetryMinute[]> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT ServiceName, toUnixTimestamp(Minute) AS MinuteS, WeightKind, WeightKey, sum(r.Resends) AS Resends, sum(r.Timeouts) AS Timeouts
FROM tally_retry_minute AS r
WHERE ServiceName IN {services:Array(String)}
  AND Minute >= {from:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
GROUP BY ServiceName, Minute, WeightKind, WeightKey ORDER BY ALL`,
    params: {
      services: query.serviceNames,
      from: toClickhouseTime(query.fromMs),
      until: toClickhouseTime(query.untilMs),
    },
    about: 'tally_retry_minute',
  });
  const minutes: RetryMinute[] = [];
  for (const row of rows) {
    const of = { isUnsampled: query.unsampledNames.has(row.ServiceName) };
    const startMs = row.MinuteS * 1_000;
    let minute = minutes.at(-1);
    if (minute?.serviceName !== row.ServiceName || minute.startMs !== startMs) {
      minute = { serviceName: row.ServiceName, startMs, retries: 0, timeouts: 0 };
      minutes.push(minute);
    }
    minute.retries += countOfSpans(row, row.Resends, of);
    minute.timeouts += countOfSpans(row, row.Timeouts, of);
  }
  return minutes;
}
