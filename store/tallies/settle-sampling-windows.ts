import type { ClickHouseClient } from '@clickhouse/client';
import { DURATION_BOUNDS_MS, OFFSET_BINS, RARITY_BINS } from '../../core/sampling/sampling-window.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import { storeFailure } from '../store-failure.ts';
import { writeRows } from '../write-rows.ts';
import type { SettledRange } from './mark-settled.ts';
import { hexNumber, IN_WINDOW, LOG_RECORDS, LOGS_IN_WINDOW, RANKED_SPANS } from './sampling-sql.ts';

/** Windows are minutes of the end of spans, as metrics of requests count them at their end. */
export const SAMPLING_WINDOW_MS = 60_000;
/** A span may arrive this long before it ends, by a sender whose clock is ahead. */
const CLOCK_AHEAD_MS = 300_000;
/** How long before its child a parent may have arrived: one that was exported while the child still ran. */
const PARENT_BEFORE_MS = 900_000;
/** Of more spans, or log records, a minute: those of a consistent subset of traces: memory and time of a settling are bounded. */
const SPANS_MAX = 200_000;
/** Weights of one kind and service that are told apart; the rest of the thresholds by their top 16 bits. */
const KEYS_MAX = 64;

const MINUTE = `toDateTime({from:DateTime64(3, 'UTC')})`;
const durationBounds = DURATION_BOUNDS_MS.map((ms) => ms * 1_000_000).join(', ');
const durationClass = `toUInt8(arrayCount(bound -> DurationNs > bound, [${durationBounds}]))`;
const counts = (bin: string, condition: string) => `sumMapIf(map(${bin}, toUInt64(1)), ${condition})`;
const offsetBin = `toUInt8(greatest(0, floor(U * ${OFFSET_BINS})))`;

// Of each trace one span per service has its U counted: the first local root, in time, that has one.
const windowsSql = (signal: '' | 'logs', items: string) => `
INSERT INTO tally_sampling_window (Window, SettledAt, Signal, Tenant, ServiceNamespace, ServiceName, WeightKind, WeightKey, OneIn,
  Roots, RootPairs, Copies, Errors, Durations, Offsets, ErrorOffsets, OffsetMin, OffsetMax, OnLattice, Violations, Spans, ThresholdCopies,
  Relabelled, RelabelledTraceId, ExampleTraceId)
SELECT ${MINUTE}, {settledAt:DateTime64(3, 'UTC')}, '${signal}', Tenant, ServiceNamespace, ServiceName,
  if(IsRest AND Kind != 'threshold', 'invalid', Kind) AS WeightKind,
  multiIf(NOT IsRest, Key, Kind = 'threshold', concat(substring(Key, 1, 4), '8000000000'), 'too_many_weights') AS WeightKey,
  {oneIn:UInt32}, sum(w.Roots), sum(w.RootPairs), sum(w.Copies), sum(w.Errors), sumMap(w.Durations), sumMap(w.Offsets),
  sumMap(w.ErrorOffsets), min(w.OffsetMin), max(w.OffsetMax), sum(w.OnLattice), sum(w.Violations), sum(w.Spans),
  sum(w.ThresholdCopies), sum(w.Relabelled), max(w.RelabelledTraceId),
  if(max(w.ViolationExample) != '', max(w.ViolationExample), max(w.Example))
FROM (
  SELECT Tenant, ServiceNamespace, ServiceName, WeightKind AS Kind, Key,
    row_number() OVER (PARTITION BY Tenant, ServiceNamespace, ServiceName, Kind ORDER BY count() DESC, Key) > ${KEYS_MAX} AS IsRest,
    countIf(IsFirstRoot) AS Roots, sumIf(RootsOfTrace, IsFirstRoot) AS RootPairs, countIf(IsRoot AND Copy > 1) AS Copies,
    countIf(IsFirstRoot AND IsError) AS Errors, ${counts(durationClass, 'IsFirstRoot')} AS Durations,
    ${counts(offsetBin, 'IsTrace')} AS Offsets, ${counts(offsetBin, 'IsTrace AND IsError')} AS ErrorOffsets,
    minIf(U, IsTrace) + if(countIf(IsTrace) = 0, 2, 0) AS OffsetMin, maxIf(UpperU, IsTrace) - if(countIf(IsTrace) = 0, 1, 0) AS OffsetMax,
    countIf(IsTrace AND IsOnLattice) AS OnLattice,
    countIf(IsThresholdCopy) AS ThresholdCopies, countIf(IsThresholdCopy AND Key != FirstThreshold) AS Relabelled,
    maxIf(TraceId, IsThresholdCopy AND Key != FirstThreshold) AS RelabelledTraceId,
    countIf(Copy = 1 AND SamplingViolation = 1) AS Violations, countIf(Copy = 1) AS Spans,
    maxIf(TraceId, Copy = 1 AND SamplingViolation = 1 AND IsTraceId) AS ViolationExample, maxIf(TraceId, IsTraceId) AS Example
  FROM (
    SELECT *, Copy = 1 AND IsRoot AS IsFirstRoot, NOT startsWith(TraceId, '-') AS IsTraceId,
      toUnixTimestamp64Nano(EndTime) - toUnixTimestamp64Nano(StartTime) AS DurationNs,
      countIf(IsFirstRoot) OVER (PARTITION BY Tenant, ServiceNamespace, ServiceName, WeightKind, Key, TraceId) AS RootsOfTrace,
      IsFirstRoot AND HasOffset AND row_number() OVER (
        PARTITION BY Tenant, ServiceNamespace, ServiceName, TraceId ORDER BY IsFirstRoot AND HasOffset DESC, StartTime, SpanId
      ) = 1 AS IsTrace
    FROM (${items})
  )
  GROUP BY Tenant, ServiceNamespace, ServiceName, Kind, Key
) AS w
GROUP BY Tenant, ServiceNamespace, ServiceName, WeightKind, WeightKey`;

// In the order of SAMPLER_FAMILIES: numerators below 2^64, 2^63, 2^63, 2^32, 2^64.
const FAMILIES = `[Low, toUInt64(abs(reinterpretAsInt64(Low))), bitAnd(High, 0x7fffffffffffffff),
      bitAnd(bitXor(bitXor(Low, High), bitShiftRight(bitXor(Low, High), 32)), 0xffffffff), Low * toUInt64(1111111111111111111)]`;
// Before the window, or years before it: the sums must not overflow.
const seconds = `least(60, greatest(-3600, intDiv(toUnixTimestamp64Milli(StartTime) - toUnixTimestamp64Milli({from:DateTime64(3, 'UTC')}), 1000)))`;

const TRACE_IDS_SQL = `
INSERT INTO tally_sampling_trace_id (Window, SettledAt, Tenant, ServiceNamespace, ServiceName, Traces, WithRandomness, Ones,
  Timed, TimeSum, TimeSquares, PlaceSum, PlaceSquares, Products, FamilyMin, FamilyMax, UnweightedTraces, UnweightedFamilyMin,
  UnweightedFamilyMax)
SELECT ${MINUTE}, {settledAt:DateTime64(3, 'UTC')}, Tenant, ServiceNamespace, ServiceName, count(), countIf(HasRandomness),
  sumForEach(arrayMap(bit -> toUInt64(bitTest(Low, bit)), range(40))),
  countIf(IsTimed), sumIf(Seconds, IsTimed), sumIf(Seconds * Seconds, IsTimed), sumIf(Place, IsTimed),
  sumIf(Place * Place, IsTimed), sumIf(Seconds * toInt64(Place), IsTimed),
  minForEach(Families), maxForEach(Families), countIf(IsUnweighted), minForEachIf(Families, IsUnweighted),
  maxForEachIf(Families, IsUnweighted)
FROM (
  SELECT Tenant, ServiceNamespace, ServiceName, HasRandomness, IsUnweighted, ${hexNumber('substring(TraceId, 17, 16)')} AS Low,
    ${hexNumber('substring(TraceId, 1, 16)')} AS High, ${FAMILIES} AS Families, First.1 = 0 AS IsTimed,
    toInt64(First.2) AS Seconds,
    if(First.3 >= 0, toUInt64(floor(First.3 * 65536)), bitAnd(bitShiftRight(Low, 40), 0xffff)) AS Place
  FROM (
    SELECT Tenant, ServiceNamespace, ServiceName, TraceId, max(SamplingRandomness != '') AS HasRandomness,
      min(WeightKind = 'none') AS IsUnweighted,
      argMin((SamplingViolation, ${seconds}, if(SamplingRandomness = '', U, -1)), (StartTime, SpanId)) AS First
    FROM (${RANKED_SPANS})
    WHERE Copy = 1 AND IsRoot
    GROUP BY Tenant, ServiceNamespace, ServiceName, TraceId
  )
)
GROUP BY Tenant, ServiceNamespace, ServiceName`;

const rarity = `toUInt8(least(${RARITY_BINS - 1}, floor(-4 * log2(toFloat64(bitShiftLeft(toUInt64(1), 56) - assumeNotNull(c.R)) / pow(2, 56)))))`;

// Malformed marks are no absence of marks: nothing was gained or lost where they are.
const EDGES_SQL = `
INSERT INTO tally_sampling_edge (Window, SettledAt, Tenant, ServiceNamespace, ServiceName, CallerNamespace, CallerService,
  Children, Gained, Lost, Conflicts, ThresholdMax, Rarities, ExampleTraceId)
SELECT ${MINUTE}, {settledAt:DateTime64(3, 'UTC')}, c.Tenant, c.ServiceNamespace, c.ServiceName,
  p.ServiceNamespace AS CallerNamespace, p.ServiceName AS CallerService, count() AS Children,
  countIf(IsGained) AS Gained, countIf(IsLost) AS Lost, countIf(IsConflict) AS Conflicts,
  max(p.Threshold) AS ThresholdMax, ${counts(rarity, 'c.R IS NOT NULL')} AS Rarities,
  if(maxIf(c.TraceId, IsGained OR IsLost OR IsConflict) != '', maxIf(c.TraceId, IsGained OR IsLost OR IsConflict), max(c.TraceId))
FROM (SELECT * FROM (${RANKED_SPANS}) WHERE Copy = 1 AND IsRoot AND ParentSpanId != '') AS c
LEFT ANY JOIN (
  SELECT Tenant, ServiceNamespace, ServiceName, TraceId, SpanId, SamplingRandomness, WeightKind,
    if(WeightKind = 'threshold', rightPad(WeightKey, 14, '0'), '') AS Threshold
  FROM tally_span
  WHERE ReceivedAt >= {parentsFrom:DateTime64(3, 'UTC')} AND ReceivedAt < {settledAt:DateTime64(3, 'UTC')}
    AND TraceId IN (SELECT TraceId FROM tally_span WHERE ${IN_WINDOW} AND ParentSpanId != '')
  ORDER BY ReceivedAt, ServiceName, ServiceInstanceId, WeightKey LIMIT 1 BY Tenant, TraceId, SpanId
) AS p ON c.Tenant = p.Tenant AND c.TraceId = p.TraceId AND c.ParentSpanId = p.SpanId
GROUP BY c.Tenant, c.ServiceNamespace, c.ServiceName, CallerNamespace, CallerService`
  .replaceAll(
    'IsGained',
    `(p.SpanId != '' AND c.WeightKind = 'threshold' AND p.WeightKind NOT IN ('threshold', 'invalid'))`,
  )
  .replaceAll('IsLost', `(p.WeightKind = 'threshold' AND c.WeightKind NOT IN ('threshold', 'invalid'))`)
  .replaceAll(
    'IsConflict',
    `(c.SamplingRandomness != '' AND p.SamplingRandomness != '' AND c.SamplingRandomness != p.SamplingRandomness)`,
  );

const mentionRarity = `toUInt8(least(${RARITY_BINS - 1}, floor(-4 * log2(toFloat64(bitShiftLeft(toUInt64(1), 56) - ${hexNumber(`substring(TraceId, 19, 14)`)}) / pow(2, 56)))))`;
const mentionSource = 'Tenant, ServiceNamespace, ServiceName, MentionedBy, TraceId';

// Of a trace a record with the flag and one without: the trace was sampled.
const MENTIONS_SQL = `
INSERT INTO tally_sampling_mention (Window, SettledAt, Tenant, ServiceNamespace, ServiceName, MentionedBy, Unsampled, Found,
  Missing, ExampleTraceId)
WITH mentions AS (
  SELECT ${mentionSource}, max(IsMarked) AS IsSampled FROM (
    SELECT Tenant, ServiceNamespace, ServiceName, 'log' AS MentionedBy, TraceId, bitAnd(TraceFlags, 1) = 1 AS IsMarked
    FROM otel_logs WHERE ${LOGS_IN_WINDOW} AND TraceId != ''
    UNION ALL
    SELECT Tenant, ServiceNamespace, ServiceName, MentionedBy, TraceId, 1 AS IsMarked FROM tally_mention
    WHERE ${IN_WINDOW.replaceAll('EndTime', 'EventTime')} AND MentionedBy = 'exemplar'
  ) GROUP BY ${mentionSource}
)
SELECT ${MINUTE}, {settledAt:DateTime64(3, 'UTC')}, Tenant, ServiceNamespace, ServiceName, MentionedBy, countIf(NOT IsSampled),
  ${counts(mentionRarity, 'IsSampled AND IsHere')}, ${counts(mentionRarity, 'IsSampled AND NOT IsHere')},
  maxIf(TraceId, IsSampled AND NOT IsHere)
FROM (
  SELECT *, (Tenant, TraceId) IN (
    SELECT Tenant, TraceId FROM tally_span
    WHERE ReceivedAt >= {parentsFrom:DateTime64(3, 'UTC')} AND ReceivedAt < {settledAt:DateTime64(3, 'UTC')}
      AND TraceId IN (SELECT TraceId FROM mentions)
  ) AS IsHere
  FROM mentions
)
GROUP BY Tenant, ServiceNamespace, ServiceName, MentionedBy`;

/**
 * Folds the spans that ended, and the log records that were written, in the minutes of [fromMs, untilMs), as far as they
 * had arrived at `settledAtMs`, into windows of sampling, and marks the minutes as settled. Done again, the later settling
 * counts. Each span counts once, and a minute of more than SPANS_MAX is seen through a subset of its traces.
 *
 * Not seen: spans that arrive after the settling, or more than five minutes before they end.
 * @param range whole minutes
 * @throws PipelineError store_unavailable; the minutes that are not marked are not settled, try again
 */
export async function settleSamplingWindows(
  client: ClickHouseClient,
  range: SettledRange,
  { spansMax = SPANS_MAX }: { readonly spansMax?: number } = {},
): Promise<void> {
  for (let fromMs = range.fromMs; fromMs < range.untilMs; fromMs += SAMPLING_WINDOW_MS) {
    await settleMinute(client, { ...range, fromMs }, spansMax);
  }
}

async function settleMinute(
  client: ClickHouseClient,
  { fromMs, lagMs, settledAtMs }: SettledRange,
  spansMax: number,
): Promise<void> {
  const minute = {
    from: toClickhouseTime(fromMs),
    until: toClickhouseTime(fromMs + SAMPLING_WINDOW_MS),
    arrivedFrom: toClickhouseTime(fromMs - CLOCK_AHEAD_MS),
    parentsFrom: toClickhouseTime(fromMs - PARENT_BEFORE_MS),
    settledAt: toClickhouseTime(settledAtMs),
  };
  // After a start most minutes are empty, and each statement takes its time all the same.
  const [spans, logs] = await Promise.all([
    countOf(client, minute, { from: 'tally_span', where: IN_WINDOW }),
    countOf(client, minute, { from: 'otel_logs', where: LOGS_IN_WINDOW }),
  ]);
  const fold = async (items: number, statements: readonly string[]) => {
    const params = { ...minute, oneIn: Math.max(1, Math.ceil(items / spansMax)) };
    if (items > 0) for (const query of statements) await client.command({ query, query_params: params });
  };
  try {
    await fold(spans, [windowsSql('', RANKED_SPANS), TRACE_IDS_SQL, EDGES_SQL]);
    await fold(logs, [windowsSql('logs', LOG_RECORDS)]);
    await fold(Math.max(spans, logs), [MENTIONS_SQL]);
  } catch (error) {
    throw storeFailure(error, 'settle sampling windows', { fromMs });
  }
  const marker = { Window: minute.from.slice(0, 19), SettledAt: minute.settledAt, LagMs: lagMs };
  await writeRows(client, 'tally_sampling_settled', [marker]);
}

async function countOf(
  client: ClickHouseClient,
  minute: Readonly<Record<string, string>>,
  { from, where }: { readonly from: string; readonly where: string },
): Promise<number> {
  const [all] = await readRows<{ N: string }>(client, {
    sql: `SELECT count() AS N FROM ${from} WHERE ${where}`,
    params: { ...minute, oneIn: 1 },
    about: from,
  });
  return Number(all?.N ?? 0);
}
