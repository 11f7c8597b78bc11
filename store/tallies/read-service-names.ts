import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

/** Services that answered anything in [fromMs, untilMs), in order of name. @throws PipelineError store_unavailable */
export async function readServiceNames(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<string[]> {
  const rows = await readRows<{ ServiceName: string }>(client, {
    sql: `
SELECT DISTINCT ServiceName FROM (
  SELECT DISTINCT ServiceName FROM tally_service
  WHERE Bucket >= {from:DateTime64(3, 'UTC')} AND Bucket < {until:DateTime64(3, 'UTC')}
  UNION ALL
  SELECT DISTINCT ServiceName FROM tally_duration_minute
  WHERE Side = 'server' AND Minute >= {from:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
)
WHERE ServiceName != '' ORDER BY ServiceName`,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'services',
  });
  return rows.map((row) => row.ServiceName);
}
