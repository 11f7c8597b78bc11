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

const KEY = 'Tenant, ServiceNamespace, ServiceName, Signal, ServiceInstanceId';

/** Sources that sent anything at `sinceMs` or later (5 s exact), by name. @throws PipelineError store_unavailable */
export async function readSources(client: ClickHouseClient, sinceMs: number): Promise<SourceActivity[]> {
  const rows = await readRows<SourceRow>(client, {
    sql: `SELECT ${KEY}, sum(Items) AS ItemCount, max(ReceivedMax) AS LastReceivedAt FROM tally_source
      WHERE ReceiveBucket >= toDateTime({since:DateTime64(3, 'UTC')}) GROUP BY ${KEY} ORDER BY ${KEY}`,
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
