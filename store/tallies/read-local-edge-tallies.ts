import type { ClickHouseClient } from '@clickhouse/client';
import type { LocalEdgeTally } from '../../core/local-edge-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly WindowS: number;
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly Children: string;
  readonly Orphans: string;
  readonly Split: string;
}

/**
 * Settled local edges of the windows in [fromMs, untilMs), each window as it was settled last.
 * @throws PipelineError store_unavailable
 */
export async function readLocalEdgeTallies(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<LocalEdgeTally[]> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT toUnixTimestamp(Window) AS WindowS, Tenant, ServiceNamespace, ServiceName, Children, Orphans, Split
FROM tally_local_edge FINAL
WHERE Window >= {from:DateTime64(3, 'UTC')} AND Window < {until:DateTime64(3, 'UTC')}
  AND (Window, SettledAt) IN (
    SELECT Window, max(SettledAt) FROM tally_edge_settled
    WHERE Window >= {from:DateTime64(3, 'UTC')} AND Window < {until:DateTime64(3, 'UTC')} GROUP BY Window
  )
ORDER BY ALL`,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'tally_local_edge',
  });
  return rows.map((row) => ({
    windowMs: row.WindowS * 1_000,
    service: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
    },
    children: Number(row.Children),
    orphans: Number(row.Orphans),
    split: Number(row.Split),
  }));
}
