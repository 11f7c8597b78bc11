import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly ServiceName: string;
  readonly MinuteS: number;
  readonly Version: string;
}

export interface VersionMinute {
  readonly serviceName: string;
  readonly startMs: number;
  /** `service.version`; of several the one that answered most. */
  readonly version: string;
}

/** Which version of each service answered, in order of time. @throws PipelineError store_unavailable */
export async function readVersionMinutes(
  client: ClickHouseClient,
  query: { readonly serviceNames: readonly string[]; readonly fromMs: number; readonly untilMs: number },
): Promise<VersionMinute[]> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT ServiceName, toUnixTimestamp(Minute) AS MinuteS, argMax(Version, (N, Version)) AS Version
FROM (
  SELECT ServiceName, Minute, Version, sum(Items) AS N FROM tally_version_minute
  WHERE ServiceName IN {services:Array(String)}
    AND Minute >= {from:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
  GROUP BY ServiceName, Minute, Version
)
GROUP BY ServiceName, Minute ORDER BY ServiceName, Minute`,
    params: {
      services: query.serviceNames,
      from: toClickhouseTime(query.fromMs),
      until: toClickhouseTime(query.untilMs),
    },
    about: 'tally_version_minute',
  });
  return rows.map((row) => ({
    serviceName: row.ServiceName,
    startMs: row.MinuteS * 1_000,
    version: row.Version,
  }));
}
