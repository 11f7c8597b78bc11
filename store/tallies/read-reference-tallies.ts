import type { ClickHouseClient } from '@clickhouse/client';
import type { ReferenceTally } from '../../core/reference-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

interface Row {
  readonly WindowS: number;
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly MentionedBy: ReferenceTally['mentionedBy'];
  readonly BucketS: number;
  readonly Found: string;
  readonly SpansMissing: string;
  readonly TracesMissing: string;
  readonly SpanBatches: readonly string[];
  readonly ExampleTraceIds: readonly string[];
}

/**
 * Settled mentions of the windows in [fromMs, untilMs), each window as it was settled last.
 * @throws PipelineError store_unavailable
 */
export async function readReferenceTallies(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
): Promise<ReferenceTally[]> {
  const rows = await readRows<Row>(client, {
    sql: `
SELECT toUnixTimestamp(Window) AS WindowS, Tenant, ServiceNamespace, ServiceName, MentionedBy,
  toUnixTimestamp(Bucket) AS BucketS, Found, SpansMissing, TracesMissing, SpanBatches, ExampleTraceIds
FROM tally_reference FINAL
WHERE Window >= {from:DateTime64(3, 'UTC')} AND Window < {until:DateTime64(3, 'UTC')}
  AND (Window, SettledAt) IN (
    SELECT Window, max(SettledAt) FROM tally_graph_settled
    WHERE Window >= {from:DateTime64(3, 'UTC')} AND Window < {until:DateTime64(3, 'UTC')} GROUP BY Window
  )`,
    params: { from: toClickhouseTime(range.fromMs), until: toClickhouseTime(range.untilMs) },
    about: 'tally_reference',
  });
  return rows.map((row) => ({
    windowMs: row.WindowS * 1_000,
    bucketMs: row.BucketS * 1_000,
    service: { tenant: row.Tenant, serviceNamespace: row.ServiceNamespace, serviceName: row.ServiceName },
    mentionedBy: row.MentionedBy,
    found: Number(row.Found),
    spansMissing: Number(row.SpansMissing),
    tracesMissing: Number(row.TracesMissing),
    spanBatches: row.SpanBatches,
    exampleTraceIds: row.ExampleTraceIds,
  }));
}
