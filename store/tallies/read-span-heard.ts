import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

/**
 * Minutes of which a span that a service answered is here: in the others nothing that only spans tell is known.
 * @returns starts of minutes by service
 * @throws PipelineError store_unavailable
 */
export async function readSpanHeard(
  client: ClickHouseClient,
  query: { readonly serviceNames: readonly string[]; readonly fromMs: number; readonly untilMs: number },
): Promise<Map<string, ReadonlySet<number>>> {
  const rows = await readRows<{ ServiceName: string; MinutesS: readonly number[] }>(client, {
    sql: `
SELECT ServiceName, groupUniqArray(toUnixTimestamp(toStartOfMinute(Bucket))) AS MinutesS FROM tally_service
WHERE ServiceName IN {services:Array(String)}
  AND Bucket >= {from:DateTime64(3, 'UTC')} AND Bucket < {until:DateTime64(3, 'UTC')}
GROUP BY ServiceName`,
    params: {
      services: query.serviceNames,
      from: toClickhouseTime(query.fromMs),
      until: toClickhouseTime(query.untilMs),
    },
    about: 'tally_service',
  });
  return new Map(rows.map((row) => [row.ServiceName, new Set(row.MinutesS.map((s) => s * 1_000))]));
}
