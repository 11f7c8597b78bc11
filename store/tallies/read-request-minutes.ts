import type { ClickHouseClient } from '@clickhouse/client';
import { addBucket, emptyBuckets } from '../../core/bucket-quantile.ts';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';
import type { RequestMinute } from './request-minute.ts';

interface Row {
  readonly ServiceName: string;
  readonly MinuteS: number;
  readonly Bounds: readonly number[];
  readonly Requests: number;
  readonly Errors: number;
  readonly Rejected: number;
  readonly SumUs: number;
  readonly Counts: readonly number[];
}

/** Between two readings further apart than this nobody knows when what was added came. */
export const READING_GAP_MS_MAX = 300_000;

/**
 * Requests as the services' own metrics count them: no sampler touches those.
 * @returns by service, minutes in order of time; a service that sends no such metric is not in it
 * @throws PipelineError store_unavailable
 */
export async function readRequestMinutes(
  client: ClickHouseClient,
  query: { readonly serviceNames: readonly string[]; readonly fromMs: number; readonly untilMs: number },
): Promise<Map<string, RequestMinute[]>> {
  const rows = await readRows<Row>(client, {
    sql: SQL,
    params: {
      services: query.serviceNames,
      before: toClickhouseTime(query.fromMs - READING_GAP_MS_MAX),
      from: toClickhouseTime(query.fromMs),
      until: toClickhouseTime(query.untilMs),
      gap: READING_GAP_MS_MAX,
    },
    about: 'tally_duration_minute',
  });
  const byService = new Map<string, RequestMinute[]>();
  for (const row of rows) {
    let minutes = byService.get(row.ServiceName);
    if (minutes === undefined) {
      minutes = [];
      byService.set(row.ServiceName, minutes);
    }
    fold(minutes, row);
  }
  return byService;
}

function fold(minutes: RequestMinute[], row: Row): void {
  const startMs = row.MinuteS * 1_000;
  let minute = minutes.at(-1);
  if (minute?.startMs !== startMs) {
    minute = { startMs, requests: 0, errors: 0, rejected: 0, sumMs: 0, durationsMs: emptyBuckets() };
    minutes.push(minute);
  }
  minute.requests += row.Requests;
  minute.errors += row.Errors;
  minute.rejected = (minute.rejected ?? 0) + row.Rejected;
  minute.sumMs = (minute.sumMs ?? 0) + row.SumUs / 1_000;
  for (const [i, count] of row.Counts.entries()) {
    const from = i === 0 ? 0 : (row.Bounds[i - 1] as number);
    addBucket(minute.durationsMs, from, row.Bounds[i] ?? from, count);
  }
}

// A series' reading less the one before it. Where there is none, or the count fell, the series began in between: all of
// it was added since. What a cumulative reading adds is scaled to a minute: readings come at their own rhythm. FINAL, for
// to group by the maximum of such tuples costs ten times as much as all the rest.
const SQL = `
SELECT ServiceName, toUnixTimestamp(Minute) AS MinuteS, Bounds,
  sum(Added) AS Requests, sumIf(Added, Outcome != 'ok') AS Errors, sumIf(Added, Outcome = 'rejected') AS Rejected,
  sum(AddedUs) AS SumUs, sumForEach(AddedCounts) AS Counts
FROM (
  SELECT ServiceName, Minute, Outcome,
    toUnixTimestamp64Milli(P.1) > 0 AS HasBefore,
    NOT HasBefore OR L.3 < P.3 AS IsNew,
    multiIf(HasBefore, toUnixTimestamp64Milli(L.1) - toUnixTimestamp64Milli(P.1),
      toUnixTimestamp64Milli(L.2) = 0 AND Temporality = 1, 60000,
      toUnixTimestamp64Milli(L.1) - toUnixTimestamp64Milli(L.2)) AS IntervalMs,
    if(HasBefore, 60000 / IntervalMs, 1) AS PerMinute,
    (L.3 - if(IsNew, 0, P.3)) * PerMinute AS Added,
    (L.4 - if(IsNew, 0, P.4)) * PerMinute AS AddedUs,
    multiIf(IsNew, L.6, P.5 = L.5, arrayMap((now, before) -> now - before, L.6, arrayResize(P.6, length(L.6))), []) AS Grown,
    arrayMap(n -> n * PerMinute, Grown) AS AddedCounts,
    if(empty(Grown), [], L.5) AS Bounds
  FROM (
    SELECT ServiceName, Minute, Outcome, Temporality, Last AS L,
      lagInFrame(Last) OVER (PARTITION BY ServiceName, Series, Temporality, Epoch ORDER BY Minute
        ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS P
    FROM tally_duration_minute FINAL
    WHERE ServiceName IN {services:Array(String)} AND Side = 'server'
      AND Minute >= {before:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
  )
)
WHERE Minute >= {from:DateTime64(3, 'UTC')} AND IntervalMs BETWEEN 1 AND {gap:UInt32}
GROUP BY ServiceName, Minute, Bounds ORDER BY ServiceName, Minute, Bounds`;
