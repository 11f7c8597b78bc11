import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { storeFailure } from '../store-failure.ts';
import { markSettled, type SettledRange } from './mark-settled.ts';

/** How long before a call or a mention the other span may have arrived. */
const OTHER_BEFORE_MS = 900_000;

const IN_WINDOW = `ReceivedAt >= {from:DateTime64(3, 'UTC')} AND ReceivedAt < {until:DateTime64(3, 'UTC')}`;
const OTHERS = (table: string) =>
  `ReceivedAt >= {othersFrom:DateTime64(3, 'UTC')} AND TraceId IN (SELECT TraceId FROM ${table} WHERE ${IN_WINDOW})`;

const PAIRS = `
INSERT INTO tally_pair (Window, SettledAt, Tenant, CallerNamespace, CallerService, Peer, CalleeFound, CalleeNamespace,
  CalleeService, Bucket, Calls, FailedCalls, CalleeBatches, ExampleTraceIds)
SELECT c.Window, {settledAt:DateTime64(3, 'UTC')}, c.Tenant, c.ServiceNamespace, c.ServiceName, c.Peer,
  a.ParentSpanId != '' AS CalleeFound, a.ServiceNamespace AS CalleeNamespace, a.ServiceName AS CalleeService,
  toDateTime(c.StartTime, 'UTC') AS Bucket, countIf(c.IsError = 0) AS Calls, countIf(c.IsError = 1) AS FailedCalls,
  groupUniqArrayIf(cityHash64(a.ReceivedAt, a.ServiceInstanceId), CalleeFound) AS CalleeBatches,
  groupUniqArrayIf(5)(c.TraceId, NOT CalleeFound AND c.IsError = 0) AS ExampleTraceIds
FROM (
  SELECT toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS Window, *
  FROM tally_call WHERE ${IN_WINDOW}
  LIMIT 1 BY TraceId, SpanId
) AS c
LEFT ANY JOIN (
  SELECT Tenant, ServiceNamespace, ServiceName, ServiceInstanceId, TraceId, ParentSpanId, ReceivedAt
  FROM tally_span
  WHERE SpanKind IN ('Server', 'Consumer') AND ParentSpanId != '' AND ${OTHERS('tally_call')}
) AS a ON c.Tenant = a.Tenant AND c.TraceId = a.TraceId AND c.SpanId = a.ParentSpanId
GROUP BY c.Window, c.Tenant, c.ServiceNamespace, c.ServiceName, c.Peer, CalleeFound, CalleeNamespace, CalleeService, Bucket`;

const REFERENCES = `
INSERT INTO tally_reference (Window, SettledAt, Tenant, ServiceNamespace, ServiceName, MentionedBy, Bucket, Found,
  SpansMissing, TracesMissing, SpanBatches, ExampleTraceIds)
SELECT m.Window, {settledAt:DateTime64(3, 'UTC')}, m.Tenant, m.ServiceNamespace, m.ServiceName, m.MentionedBy,
  toDateTime(m.EventTime, 'UTC') AS Bucket, countIf(IsFound) AS Found,
  countIf(NOT IsFound AND HasTrace) AS SpansMissing, countIf(NOT IsFound AND NOT HasTrace) AS TracesMissing,
  groupUniqArrayIf(s.Batch, IsFound) AS SpanBatches, groupUniqArrayIf(5)(m.TraceId, NOT IsFound) AS ExampleTraceIds
FROM (
  SELECT toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS Window, *,
    (Tenant, TraceId) IN (SELECT Tenant, TraceId FROM tally_span WHERE ${OTHERS('tally_mention')}) AS HasTrace
  FROM tally_mention WHERE ${IN_WINDOW}
  ORDER BY EventTime LIMIT 1 BY Tenant, ServiceNamespace, ServiceName, MentionedBy, TraceId, SpanId
) AS m
LEFT ANY JOIN (
  SELECT Tenant, TraceId, SpanId, cityHash64(ReceivedAt, ServiceNamespace, ServiceName, ServiceInstanceId) AS Batch
  FROM tally_span WHERE ${OTHERS('tally_mention')}
) AS s ON m.Tenant = s.Tenant AND m.TraceId = s.TraceId AND m.SpanId = s.SpanId
GROUP BY m.Window, m.Tenant, m.ServiceNamespace, m.ServiceName, m.MentionedBy, Bucket`.replaceAll(
  'IsFound',
  `(s.SpanId != '' OR (m.SpanId = '' AND HasTrace))`,
);

/**
 * Matches the calls that arrived in [fromMs, untilMs) with the spans that answered, and the mentions with the spans
 * they mention, as far as these can be read now, and marks the windows as settled. Done again, the later settling
 * counts: the marker is written last and names it. Duplicates within the range count once.
 * @param range whole 5 s windows
 * @throws PipelineError store_unavailable; the windows then are not settled, try again
 */
export async function settleGraphWindows(client: ClickHouseClient, range: SettledRange): Promise<void> {
  const settledAt = toClickhouseTime(range.settledAtMs);
  const params = {
    from: toClickhouseTime(range.fromMs),
    until: toClickhouseTime(range.untilMs),
    othersFrom: toClickhouseTime(range.fromMs - OTHER_BEFORE_MS),
    settledAt,
  };
  for (const query of [PAIRS, REFERENCES]) {
    try {
      await client.command({ query, query_params: params });
    } catch (error) {
      throw storeFailure(error, 'settle calls and mentions', {
        fromMs: range.fromMs,
        untilMs: range.untilMs,
      });
    }
  }
  await markSettled(client, 'tally_graph_settled', range);
}
