import type { ClickHouseClient } from '@clickhouse/client';
import type { SpanRepeatTally } from '../../core/structure-tally.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

/** A span that is delivered again comes within a retry's patience: what is older is not looked at. */
const LOOK_BACK_MS = 120_000;
/** Spans held against one another at once; beyond, a subset of traces by hash. */
const SPANS_MAX = 100_000;
const ROWS_MAX = 100_000;

interface Row {
  readonly Tenant: string;
  readonly ServiceNamespace: string;
  readonly ServiceName: string;
  readonly StartS: number;
  readonly Spans: string;
  readonly Repeats: string;
  readonly Reuses: string;
  readonly RootSpans: string;
  readonly ExtraRoots: string;
  readonly Example: string;
}

/**
 * Holds the spans that arrived in [fromMs, untilMs) against those of the same traces in the two minutes before: the
 * same ids again, and traces with more than one root. A tally is final once all its spans can be read, so each
 * stretch needs to be read once, whole 5 s buckets, some seconds after its end.
 *
 * tally_span has no hash of the payload: spans alike in ids, service, kind, parent, start and end to the nanosecond
 * are taken as one span delivered again, any other pair with the same ids as a reused id. Client and server that
 * share a span id (Zipkin's way) differ in kind, and are left alone.
 * @throws PipelineError store_unavailable
 */
export async function readSpanRepeats(
  client: ClickHouseClient,
  range: { readonly fromMs: number; readonly untilMs: number },
  spansMax = SPANS_MAX,
): Promise<SpanRepeatTally[]> {
  const rows = await readRows<Row>(client, {
    sql: SQL,
    params: {
      from: toClickhouseTime(range.fromMs),
      until: toClickhouseTime(range.untilMs),
      earliest: toClickhouseTime(range.fromMs - LOOK_BACK_MS),
      spansMax,
    },
    about: 'tally_span',
  });
  return rows.map((row) => ({
    source: {
      tenant: row.Tenant,
      serviceNamespace: row.ServiceNamespace,
      serviceName: row.ServiceName,
      serviceInstanceId: '',
      signal: 'traces',
    },
    receiveStartMs: row.StartS * 1_000,
    spans: Number(row.Spans),
    repeats: Number(row.Repeats),
    reuses: Number(row.Reuses),
    roots: Number(row.RootSpans),
    extraRoots: Number(row.ExtraRoots),
    exampleTraceId: row.Example,
  }));
}

const RANGE = `ReceivedAt >= {earliest:DateTime64(3, 'UTC')} AND ReceivedAt < {until:DateTime64(3, 'UTC')}`;

// All that is held together has one trace id, so traces with nothing new say nothing: of two minutes of 4,000 spans a
// second, sorted three times, 510 of 670 ms of CPU time were for these, and for a second thread and a search in the
// index, which help nobody here.
const NEW_TRACES = `SELECT TraceId FROM tally_span
      WHERE ReceivedAt >= {from:DateTime64(3, 'UTC')} AND ReceivedAt < {until:DateTime64(3, 'UTC')}`;

// Ids are compared by 64-bit hashes: of 100,000 spans two collide once in four billion readings.
// The hash of the trace id, never its low bits: those are the randomness of consistent sampling. Within spans of one
// id, the first is the span and the others are held against it; ids of another tenant are another's.
const SQL = `
WITH (
  SELECT toUInt64(greatest(1, ceil(count() / {spansMax:UInt32}))) FROM tally_span WHERE ${RANGE}
) AS Stride
SELECT Tenant, ServiceNamespace, ServiceName, StartS, count() AS Spans,
  countIf(IsRepeat) AS Repeats, countIf(IsReuse) AS Reuses, countIf(IsRoot) AS RootSpans, countIf(IsExtra) AS ExtraRoots,
  maxIf(TraceId, IsRepeat OR IsReuse OR IsExtra) AS Example
FROM (
  SELECT Tenant, ServiceNamespace, ServiceName, TraceId, ReceivedAt,
    toUnixTimestamp(toStartOfInterval(toDateTime(ReceivedAt), INTERVAL 5 SECOND)) AS StartS,
    row_number() OVER same > 1 AS IsRepeat,
    NOT IsRepeat AND IdsNumber > 1 AS IsReuse,
    ParentSpanId = '' AND NOT IsRepeat AND NOT IsReuse AS IsRoot,
    IsRoot AND sum(ParentSpanId = '' AND IdsNumber = 1) OVER trace > 1 AS IsExtra
  FROM (
    SELECT Tenant, ServiceNamespace, ServiceName, TraceId, SpanId, ParentSpanId, StartTime, EndTime, ReceivedAt,
      cityHash64(Tenant, TraceId) AS OfTrace, cityHash64(OfTrace, SpanId, SpanKind) AS OfIds,
      cityHash64(OfIds, ServiceNamespace, ServiceName, ParentSpanId, StartTime, EndTime) AS OfSpan,
      row_number() OVER (PARTITION BY OfIds ORDER BY ReceivedAt, StartTime, EndTime) AS IdsNumber
    FROM tally_span WHERE ${RANGE} AND cityHash64(TraceId) % Stride = 0 AND TraceId IN (${NEW_TRACES})
  )
  WINDOW
    same AS (PARTITION BY OfSpan ORDER BY ReceivedAt),
    trace AS (PARTITION BY OfTrace ORDER BY ReceivedAt, SpanId, StartTime ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
WHERE ReceivedAt >= {from:DateTime64(3, 'UTC')}
GROUP BY Tenant, ServiceNamespace, ServiceName, StartS
ORDER BY Repeats + Reuses + ExtraRoots DESC, Spans DESC LIMIT ${ROWS_MAX}
SETTINGS max_threads = 1, use_index_for_in_with_subqueries = 0`;
