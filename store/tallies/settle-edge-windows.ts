import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { storeFailure } from '../store-failure.ts';
import { markSettled, type SettledRange, WINDOW_MS } from './mark-settled.ts';

/** How long before its child a parent may have arrived: one that was exported while the child still ran. */
const PARENT_BEFORE_MS = 900_000;

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

/** Local children are many times the remote ones; this many a window are enough to tell a loss from a sampler. */
const LOCAL_CHILDREN_MAX = 10_000;

// Parents in the same process, by the flags: SDKs before OTLP 1.1 do not say and are left out. Of more than
// LOCAL_CHILDREN_MAX a window, those of a consistent subset of traces, so that a parent is in it where its child is.
const IS_LOCAL = `bitAnd(SpanFlags, 0x300) = 0x100 AND ParentSpanId != ''
    AND ReceivedAt >= {from:DateTime64(3, 'UTC')} AND ReceivedAt < {until:DateTime64(3, 'UTC')}`;
const IN_SUBSET = `cityHash64(TraceId) % (
    SELECT 1 + intDiv(count(), ${LOCAL_CHILDREN_MAX} * {windows:UInt32}) FROM tally_span WHERE ${IS_LOCAL}
  ) = 0`;

const LOCAL_SQL = `
INSERT INTO tally_local_edge (Window, SettledAt, Tenant, ServiceNamespace, ServiceName, Children, Orphans, Split)
SELECT c.Window, {settledAt:DateTime64(3, 'UTC')}, c.Tenant, c.ServiceNamespace, c.ServiceName, count() AS Children,
  countIf(p.SpanId = '') AS Orphans, countIf(p.SpanId != '' AND p.Batch != c.Batch) AS Split
FROM (
  SELECT toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS Window, Tenant, ServiceNamespace, ServiceName,
    TraceId, ParentSpanId, cityHash64(ReceivedAt, ServiceInstanceId) AS Batch
  FROM tally_span WHERE ${IS_LOCAL} AND ${IN_SUBSET}
  ORDER BY ReceivedAt, ServiceName, ServiceInstanceId LIMIT 1 BY Tenant, TraceId, SpanId
) AS c
LEFT ANY JOIN (
  SELECT Tenant, TraceId, SpanId, cityHash64(ReceivedAt, ServiceInstanceId) AS Batch
  FROM tally_span
  WHERE ReceivedAt >= {parentsFrom:DateTime64(3, 'UTC')}
    AND TraceId IN (SELECT TraceId FROM tally_span WHERE ${IS_LOCAL} AND ${IN_SUBSET})
  ORDER BY ReceivedAt, ServiceName, ServiceInstanceId LIMIT 1 BY Tenant, TraceId, SpanId
) AS p ON c.Tenant = p.Tenant AND c.TraceId = p.TraceId AND c.ParentSpanId = p.SpanId
GROUP BY c.Window, c.Tenant, c.ServiceNamespace, c.ServiceName`;

/**
 * Matches the remote children that arrived in [fromMs, untilMs) with their parents, as far as these can be read now,
 * and the local ones with theirs, and marks the windows as settled. Done again, the later settling counts: the marker
 * is written last and names it. Duplicates of a child within the range count once.
 * @param range whole 5 s windows
 * @throws PipelineError store_unavailable; the windows then are not settled, try again
 */
export async function settleEdgeWindows(client: ClickHouseClient, range: SettledRange): Promise<void> {
  const settledAt = toClickhouseTime(range.settledAtMs);
  const params = {
    from: toClickhouseTime(range.fromMs),
    until: toClickhouseTime(range.untilMs),
    parentsFrom: toClickhouseTime(range.fromMs - PARENT_BEFORE_MS),
    settledAt,
    windows: (range.untilMs - range.fromMs) / WINDOW_MS,
  };
  try {
    for (const query of [SQL, LOCAL_SQL]) await client.command({ query, query_params: params });
  } catch (error) {
    throw storeFailure(error, 'settle edges', { fromMs: range.fromMs, untilMs: range.untilMs });
  }
  await markSettled(client, 'tally_edge_settled', range);
}
