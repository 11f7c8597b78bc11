import type { ClickHouseClient } from '@clickhouse/client';
import type { Signal } from '../core/signal.ts';
import type { Source } from '../core/source.ts';
import { fromClickhouseTime, toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';

/** What arrived from a source of late. */
export interface SourceActivity {
  readonly source: Source;
  readonly itemCount: number;
  readonly lastReceivedAtMs: number;
}

interface SourceRow {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly ServiceInstanceId: string;
  readonly Signal: Signal;
  readonly ItemCount: string;
  readonly LastReceivedAt: string;
}

/** More instances than anybody reads, and what is left out are the smallest. */
const ROWS_MAX = 50_000;

const KEY = 'Tenant, ServiceNamespace, ServiceName, Signal, ServiceInstanceId';

/** Sources that sent anything at `sinceMs` or later (5 s exact), the largest first, 50,000 at most. @throws PipelineError store_unavailable */
export async function readSources(client: ClickHouseClient, sinceMs: number): Promise<SourceActivity[]> {
  const rows = await readRows<SourceRow>(client, {
    sql: `SELECT ${KEY}, sum(Items) AS ItemCount, max(ReceivedMax) AS LastReceivedAt FROM tally_source
      WHERE ReceiveBucket >= toDateTime({since:DateTime64(3, 'UTC')}) GROUP BY ${KEY}
      ORDER BY ItemCount DESC, ${KEY} LIMIT ${ROWS_MAX}`,
    params: { since: toClickhouseTime(sinceMs) },
    about: 'sources',
  });
  return rows.map((row) => ({
    source: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: row.ServiceInstanceId,
      signal: row.Signal,
    },
    itemCount: Number(row.ItemCount),
    lastReceivedAtMs: fromClickhouseTime(row.LastReceivedAt),
  }));
}
