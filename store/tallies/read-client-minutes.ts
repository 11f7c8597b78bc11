import type { ClickHouseClient } from '@clickhouse/client';
import { readRows } from '../read-rows.ts';
import { durationReadings, readingParams } from './duration-readings.ts';

interface Row {
  readonly ServiceName: string;
  readonly MinuteS: number;
  readonly Timeouts: number;
  readonly Resends: number;
  readonly TellsResends: number;
}

/** How a service's calls of others went in one minute, by its own client histograms. */
export interface ClientMinute {
  readonly serviceName: string;
  readonly startMs: number;
  readonly timeouts: number;
  /** null: its histograms do not tell attempts apart. */
  readonly retries: number | null;
}

/** In order of service and time; services without such histograms are not in it. @throws PipelineError store_unavailable */
export async function readClientMinutes(
  client: ClickHouseClient,
  query: { readonly serviceNames: readonly string[]; readonly fromMs: number; readonly untilMs: number },
): Promise<ClientMinute[]> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT ServiceName, toUnixTimestamp(Minute) AS MinuteS,
  sumIf(Grown * PerMinute, IsTimeout = 1) AS Timeouts, sumIf(Grown * PerMinute, Resend = 2) AS Resends,
  max(Resend) > 0 AS TellsResends
FROM (${durationReadings('client')})
GROUP BY ServiceName, Minute ORDER BY ServiceName, Minute`,
    params: readingParams(query),
    about: 'tally_duration_minute',
  });
  return rows.map((row) => ({
    serviceName: row.ServiceName,
    startMs: row.MinuteS * 1_000,
    timeouts: row.Timeouts,
    retries: row.TellsResends === 1 ? row.Resends : null,
  }));
}
