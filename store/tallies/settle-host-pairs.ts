import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { storeFailure } from '../store-failure.ts';
import { writeRows } from '../write-rows.ts';
import { CLOCKS_SQL, hostsSinceMs } from './clock-sql.ts';

/** How long before its child a parent may have arrived; a CLIENT span ends after its child, so seldom at all. */
const PARENT_BEFORE_MS = 120_000;
const WINDOW_MS = 5_000;
/** Per callee's instance and window: what bounds a clock is the fastest call, and 200 have one. */
const CHILDREN_MAX = 200;

const ID = 'Tenant, ServiceNamespace, ServiceName, ServiceInstanceId';
const IS_CHILD = `SpanKind = 'Server' AND ParentSpanId != ''
    AND (bitAnd(SpanFlags, 0x100) = 0 OR bitAnd(SpanFlags, 0x300) = 0x300)
    AND ReceivedAt >= {from:DateTime64(3, 'UTC')} AND ReceivedAt < {until:DateTime64(3, 'UTC')}`;
/** core/clock-bin.ts, of milliseconds. */
const bin = (ms: string) =>
  `toInt16(if(${ms} < 0, -1 - floor(64 * log2(1 + least(-(${ms}), 86400000))), floor(64 * log2(1 + least(${ms}, 86400000)))))`;

// A child that took longer than its parent outlived it, whatever the clocks say; it bounds nothing. Kinds other than
// CLIENT and SERVER are left out: nobody waits for what a PRODUCER sends.
const SQL = `
INSERT INTO tally_host_pair (Window, SettledAt, Tenant, ParentClock, ChildClock, Pairs, Outlived, EndDiffUsMax,
  StartDiffUsMin, EndDiffBins, StartDiffBins, ExampleTraceId)
SELECT Window, {settledAt:DateTime64(3, 'UTC')}, Tenant, ParentClock, ChildClock,
  countIf(NOT IsOutlived) AS Pairs, countIf(IsOutlived) AS Outlived,
  maxIf(EndDiffUs, NOT IsOutlived), minIf(StartDiffUs, NOT IsOutlived),
  sumMapIf(map(${bin('EndDiffUs / 1000')}, toUInt64(1)), NOT IsOutlived),
  sumMapIf(map(${bin('StartDiffUs / 1000')}, toUInt64(1)), NOT IsOutlived),
  min(TraceId)
FROM (
  SELECT c.Window AS Window, c.Tenant AS Tenant, c.TraceId AS TraceId,
    assumeNotNull(pc.Clock) AS ParentClock, assumeNotNull(cc.Clock) AS ChildClock,
    intDiv(toUnixTimestamp64Nano(c.EndTime) - toUnixTimestamp64Nano(p.EndTime), 1000) AS EndDiffUs,
    intDiv(toUnixTimestamp64Nano(c.StartTime) - toUnixTimestamp64Nano(p.StartTime), 1000) AS StartDiffUs,
    EndDiffUs > StartDiffUs AS IsOutlived
  FROM (
    SELECT toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND) AS Window, ${ID},
      TraceId, SpanId, ParentSpanId, StartTime, EndTime
    FROM (SELECT * FROM tally_span WHERE ${IS_CHILD} LIMIT 1 BY TraceId, SpanId)
    ORDER BY cityHash64(TraceId, SpanId) LIMIT ${CHILDREN_MAX} BY Window, ${ID}
  ) AS c
  INNER ANY JOIN (
    SELECT ${ID}, TraceId, SpanId, StartTime, EndTime FROM tally_span
    WHERE SpanKind = 'Client' AND ReceivedAt >= {parentsFrom:DateTime64(3, 'UTC')}
      AND TraceId IN (SELECT TraceId FROM tally_span WHERE ${IS_CHILD})
  ) AS p ON c.Tenant = p.Tenant AND c.TraceId = p.TraceId AND c.ParentSpanId = p.SpanId
  INNER JOIN ${CLOCKS_SQL} AS cc ON c.Tenant = cc.Tenant AND c.ServiceNamespace = cc.ServiceNamespace
    AND c.ServiceName = cc.ServiceName AND c.ServiceInstanceId = cc.ServiceInstanceId
  INNER JOIN ${CLOCKS_SQL} AS pc ON p.Tenant = pc.Tenant AND p.ServiceNamespace = pc.ServiceNamespace
    AND p.ServiceName = pc.ServiceName AND p.ServiceInstanceId = pc.ServiceInstanceId
  WHERE pc.Clock IS NOT NULL AND cc.Clock IS NOT NULL AND pc.Clock != cc.Clock
)
GROUP BY Window, Tenant, ParentClock, ChildClock`;

/**
 * Matches the SERVER spans that arrived in [fromMs, untilMs) with their CLIENT parents on other clocks, as far as these
 * can be read now, and marks the windows as settled. Done again, the later settling counts.
 * @param range whole 5 s windows
 * @throws PipelineError store_unavailable; the windows then are not settled, try again
 */
export async function settleHostPairs(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number; readonly settledAtMs: number },
): Promise<void> {
  const settledAt = toClickhouseTime(range.settledAtMs);
  try {
    await client.command({
      query: SQL,
      query_params: {
        from: toClickhouseTime(range.fromMs),
        until: toClickhouseTime(range.untilMs),
        parentsFrom: toClickhouseTime(range.fromMs - PARENT_BEFORE_MS),
        hosts: toClickhouseTime(hostsSinceMs(range.fromMs)),
        settledAt,
      },
    });
  } catch (error) {
    throw storeFailure(error, 'settle host pairs', { fromMs: range.fromMs, untilMs: range.untilMs });
  }
  const marks = Array.from({ length: (range.untilMs - range.fromMs) / WINDOW_MS }, (_, i) => ({
    Window: toClickhouseTime(range.fromMs + i * WINDOW_MS).slice(0, 19),
    SettledAt: settledAt,
  }));
  await writeRows(client, 'tally_host_pair', marks);
}
