import type { ClickHouseClient } from '@clickhouse/client';
import type { EdgeTally } from '../../core/edge-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly WindowS: number;
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly ParentFound: number;
  readonly CallerNamespace: string;
  readonly CallerService: string;
  readonly BucketS: number;
  readonly Children: string;
  readonly CallerBatches: readonly string[];
  readonly ExampleTraceIds: readonly string[];
}

/**
 * Settled edges of the windows in [fromMs, untilMs), each window as it was settled last.
 * @throws PipelineError store_unavailable
 */
export async function readEdgeTallies(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<EdgeTally[]> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT toUnixTimestamp(Window) AS WindowS, Tenant, ServiceNamespace, ServiceName, ParentFound,
  CallerNamespace, CallerService, toUnixTimestamp(Bucket) AS BucketS, Children, CallerBatches, ExampleTraceIds
FROM tally_edge FINAL
WHERE Window >= {from:DateTime64(3, 'UTC')} AND Window < {until:DateTime64(3, 'UTC')}
  AND (Window, SettledAt) IN (
    SELECT Window, max(SettledAt) FROM tally_edge_settled
    WHERE Window >= {from:DateTime64(3, 'UTC')} AND Window < {until:DateTime64(3, 'UTC')} GROUP BY Window
  )
ORDER BY ALL`,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'tally_edge',
  });
  return rows.map((row) => ({
    windowMs: row.WindowS * 1_000,
    bucketMs: row.BucketS * 1_000,
    callee: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
    },
    caller:
      row.ParentFound === 0
        ? null
        : { tenant: row.Tenant, serviceNamespace: row.CallerNamespace, serviceName: row.CallerService },
    children: Number(row.Children),
    callerBatches: row.CallerBatches,
    exampleTraceIds: row.ExampleTraceIds,
  }));
}
