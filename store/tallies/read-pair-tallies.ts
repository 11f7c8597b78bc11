import type { ClickHouseClient } from '@clickhouse/client';
import type { PairTally } from '../../core/pair-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly WindowS: number;
  readonly Tenant: string;
  readonly CallerNamespace: string;
  readonly CallerService: string;
  readonly Peer: string;
  readonly CalleeFound: number;
  readonly CalleeNamespace: string;
  readonly CalleeService: string;
  readonly BucketS: number;
  readonly Calls: string;
  readonly FailedCalls: string;
  readonly CalleeBatches: readonly string[];
  readonly ExampleTraceIds: readonly string[];
}

/**
 * Settled calls of the windows in [fromMs, untilMs), each window as it was settled last.
 * @throws PipelineError store_unavailable
 */
export async function readPairTallies(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<PairTally[]> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT toUnixTimestamp(Window) AS WindowS, Tenant, CallerNamespace, CallerService, Peer, CalleeFound, CalleeNamespace,
  CalleeService, toUnixTimestamp(Bucket) AS BucketS, Calls, FailedCalls, CalleeBatches, ExampleTraceIds
FROM tally_pair FINAL
WHERE Window >= {from:DateTime64(3, 'UTC')} AND Window < {until:DateTime64(3, 'UTC')}
  AND (Window, SettledAt) IN (
    SELECT Window, max(SettledAt) FROM tally_graph_settled
    WHERE Window >= {from:DateTime64(3, 'UTC')} AND Window < {until:DateTime64(3, 'UTC')} GROUP BY Window
  )`,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'tally_pair',
  });
  return rows.map((row) => ({
    windowMs: row.WindowS * 1_000,
    bucketMs: row.BucketS * 1_000,
    caller: {
      tenant: row.Tenant,
      serviceNamespace: row.CallerNamespace,
      serviceName: row.CallerService,
    },
    peer: row.Peer,
    callee:
      row.CalleeFound === 0
        ? null
        : { tenant: row.Tenant, serviceNamespace: row.CalleeNamespace, serviceName: row.CalleeService },
    calls: Number(row.Calls),
    failedCalls: Number(row.FailedCalls),
    calleeBatches: row.CalleeBatches,
    exampleTraceIds: row.ExampleTraceIds,
  }));
}
