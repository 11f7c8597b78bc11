import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { storeFailure } from '../store-failure.ts';
import { writeRows } from '../write-rows.ts';

/** How long before its child a parent may have arrived: one that was exported while the child still ran. */
const PARENT_BEFORE_MS = 900_000;
const WINDOW_MS = 5_000;

// The same rows in any order settle to the same edges: of duplicates the first to arrive counts.
// A remote parent: flags say so (0x300), or they do not know (0x100 unset: SDKs before OTLP 1.1), and the span is
// one that a request from elsewhere begins.
const IS_CHILD = `SpanKind IN ('Server', 'Consumer') AND ParentSpanId != ''
    AND (bitAnd(SpanFlags, 0x100) = 0 OR bitAnd(SpanFlags, 0x300) = 0x300)
    AND ReceivedAt >= {from:DateTime64(3, 'UTC')} AND ReceivedAt < {until:DateTime64(3, 'UTC')}`;

const SQL = `
INSERT INTO tally_edge (Window, SettledAt, Tenant, ServiceNamespace, ServiceName, ParentFound, CallerNamespace,
  CallerService, Bucket, Children, CallerBatches, ExampleTraceIds)
SELECT c.Window, {settledAt:DateTime64(3, 'UTC')}, c.Tenant, c.ServiceNamespace, c.ServiceName,
  p.SpanId != '' AS ParentFound, p.ServiceNamespace AS CallerNamespace, p.ServiceName AS CallerService,
  toDateTime(c.StartTime, 'UTC') AS Bucket, count() AS Children,
  arraySort(groupUniqArrayIf(cityHash64(p.ReceivedAt, p.ServiceInstanceId), ParentFound)) AS CallerBatches,
  arrayDistinct(groupArraySortedIf(5)(c.TraceId, NOT ParentFound)) AS ExampleTraceIds
FROM (
  SELECT toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS Window, Tenant, ServiceNamespace, ServiceName,
    TraceId, ParentSpanId, StartTime
  FROM tally_span WHERE ${IS_CHILD}
  ORDER BY ReceivedAt, ServiceName, ServiceInstanceId LIMIT 1 BY Tenant, TraceId, SpanId
) AS c
LEFT ANY JOIN (
  SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, TraceId, SpanId, ReceivedAt
  FROM tally_span
  WHERE ReceivedAt >= {parentsFrom:DateTime64(3, 'UTC')} AND TraceId IN (SELECT TraceId FROM tally_span WHERE ${IS_CHILD})
  ORDER BY ReceivedAt, ServiceName, ServiceInstanceId LIMIT 1 BY Tenant, TraceId, SpanId
) AS p ON c.Tenant = p.Tenant AND c.TraceId = p.TraceId AND c.ParentSpanId = p.SpanId
GROUP BY c.Window, c.Tenant, c.ServiceNamespace, c.ServiceName, ParentFound, CallerNamespace, CallerService, Bucket`;

/**
 * Matches the remote children that arrived in [fromMs, untilMs) with their parents, as far as these can be read now,
 * and marks the windows as settled. Done again, the later settling counts: the marker is written last and names it.
 * Duplicates of a child within the range count once.
 * @param range whole 5 s windows
 * @throws PipelineError store_unavailable; the windows then are not settled, try again
 */
export async function settleEdgeWindows(
  client: ClickHouseClient,
  range: {
    readonly fromMs: number;
    readonly untilMs: number;
    readonly lagMs: number;
    readonly settledAtMs: number;
  },
): Promise<void> {
  const settledAt = toClickhouseTime(range.settledAtMs);
  try {
    await client.command({
      query: SQL,
      query_params: {
        from: toClickhouseTime(range.fromMs),
        until: toClickhouseTime(range.untilMs),
        parentsFrom: toClickhouseTime(range.fromMs - PARENT_BEFORE_MS),
        settledAt,
      },
    });
  } catch (error) {
    throw storeFailure(error, 'settle edges', { fromMs: range.fromMs, untilMs: range.untilMs });
  }
  const windows = Array.from({ length: (range.untilMs - range.fromMs) / WINDOW_MS }, (_, i) => ({
    Window: toClickhouseTime(range.fromMs + i * WINDOW_MS).slice(0, 19),
    SettledAt: settledAt,
    LagMs: range.lagMs,
  }));
  await writeRows(client, 'tally_edge_settled', windows);
}
