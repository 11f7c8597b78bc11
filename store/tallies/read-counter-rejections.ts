import type { ClickHouseClient } from '@clickhouse/client';
import type { Rejections } from '../../core/counter-rejections.ts';
import type { Signal } from '../../core/signal.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly Signal: Signal;
  readonly Reason: string;
  readonly Slow: string;
  readonly Fast: string;
  readonly LastMs: string;
}

/**
 * What we refused since `fromMs`, per service (all instances together), signal and reason; `splitMs` begins the
 * newer part.
 * @throws PipelineError store_unavailable
 */
export async function readCounterRejections(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly splitMs: number },
): Promise<Rejections[]> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT Tenant, ServiceNamespace, ServiceName, Signal, Reason, sum(Items) AS Slow,
  sumIf(Items, ReceivedAt >= {split:DateTime64(3, 'UTC')}) AS Fast, toUnixTimestamp64Milli(max(ReceivedAt)) AS LastMs
FROM tally_rejection
WHERE ReceivedAt >= {from:DateTime64(3, 'UTC')}
GROUP BY Tenant, ServiceNamespace, ServiceName, Signal, Reason`,
    params: { from: toClickhouseTime(range.fromMs), split: toClickhouseTime(range.splitMs) },
    about: 'tally_rejection',
  });
  return rows.map((row) => ({
    source: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: '',
      signal: row.Signal,
    },
    reason: row.Reason,
    slow: Number(row.Slow),
    fast: Number(row.Fast),
    lastMs: Number(row.LastMs),
  }));
}
