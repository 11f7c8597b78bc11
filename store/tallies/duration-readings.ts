import { toClickhouseTime } from '../clickhouse-time.ts';

/** Between two readings further apart than this nobody knows when what was added came. */
export const READING_GAP_MS_MAX = 300_000;

/**
 * What each reading of a duration histogram added to the one before it. Where there is none, or the count fell, the
 * series began in between: all of it was added since. `Grown` is what was added, `PerMinute` scales it to a minute: readings
 * come at their own rhythm. FINAL, for to group by the maximum of such tuples costs ten times as much as all the rest.
 * Takes the parameters services, before, from, until and gap.
 */
export function durationReadings(side: 'server' | 'client'): string {
  return `
SELECT ServiceName, Minute, Peer, Outcome, Zone, Instance, Resend, IsTimeout,
  toUnixTimestamp64Milli(P.1) > 0 AS HasBefore,
  NOT HasBefore OR L.3 < P.3 AS IsNew,
  multiIf(HasBefore, toUnixTimestamp64Milli(L.1) - toUnixTimestamp64Milli(P.1),
    toUnixTimestamp64Milli(L.2) = 0 AND Temporality = 1, 60000,
    toUnixTimestamp64Milli(L.1) - toUnixTimestamp64Milli(L.2)) AS IntervalMs,
  if(HasBefore, 60000 / IntervalMs, 1) AS PerMinute,
  L.3 - if(IsNew, 0, P.3) AS Grown,
  L.4 - if(IsNew, 0, P.4) AS GrownUs,
  multiIf(IsNew, L.6, P.5 = L.5, arrayMap((now, before) -> now - before, L.6, arrayResize(P.6, length(L.6))), []) AS GrownCounts,
  if(empty(GrownCounts), [], L.5) AS Bounds
FROM (
  SELECT ServiceName, Minute, Peer, Outcome, Zone, Instance, Resend, IsTimeout, Temporality, Last AS L,
    lagInFrame(Last) OVER (PARTITION BY ServiceName, Series, Temporality, Epoch ORDER BY Minute
      ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS P
  FROM tally_duration_minute FINAL
  WHERE ServiceName IN {services:Array(String)} AND Side = '${side}'
    AND Minute >= {before:DateTime64(3, 'UTC')} AND Minute < {until:DateTime64(3, 'UTC')}
)
WHERE Minute >= {from:DateTime64(3, 'UTC')} AND IntervalMs BETWEEN 1 AND {gap:UInt32}`;
}

/** The parameters that it takes. */
export function readingParams(query: {
  readonly serviceNames: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
}) {
  return {
    services: query.serviceNames,
    before: toClickhouseTime(query.fromMs - READING_GAP_MS_MAX),
    from: toClickhouseTime(query.fromMs),
    until: toClickhouseTime(query.untilMs),
    gap: READING_GAP_MS_MAX,
  };
}
