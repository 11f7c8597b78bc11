import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

/** How many services, all signals together, sent anything since `fromMs`. @throws PipelineError store_unavailable */
export async function countServices(client: ClickHouseClient, fromMs: number): Promise<number> {
  const [row] = await readRows<{ Services: string }>(client, {
    sql: `SELECT uniqExact(Tenant, ServiceNamespace, ServiceName) AS Services FROM tally_source_minute
      WHERE ReceiveMinute >= {from:DateTime64(3, 'UTC')}`,
    params: { from: toClickhouseTime(fromMs) },
    about: 'tally_source_minute',
  });
  return Number(row?.Services ?? 0);
}
