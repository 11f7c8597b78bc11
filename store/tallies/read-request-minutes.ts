import type { ClickHouseClient } from '@clickhouse/client';
import { addBucket, type Buckets, emptyBuckets } from '../../core/bucket-quantile.ts';
import { readRows } from '../read-rows.ts';
import { durationReadings, readingParams } from './duration-readings.ts';
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
    params: readingParams(query),
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
  addCounts(minute.durationsMs, row);
}

/** Counts between explicit bounds; the last has no upper one. */
export function addCounts(
  into: Buckets,
  { Bounds, Counts }: { readonly Bounds: readonly number[]; readonly Counts: readonly number[] },
): void {
  for (const [i, count] of Counts.entries()) {
    const from = i === 0 ? 0 : (Bounds[i - 1] as number);
    addBucket(into, from, Bounds[i] ?? from, count);
  }
}

const SQL = `
SELECT ServiceName, toUnixTimestamp(Minute) AS MinuteS, Bounds,
  sum(Grown * PerMinute) AS Requests, sumIf(Grown * PerMinute, Outcome != 'ok') AS Errors,
  sumIf(Grown * PerMinute, Outcome = 'rejected') AS Rejected, sum(GrownUs * PerMinute) AS SumUs,
  sumForEach(arrayMap(n -> n * PerMinute, GrownCounts)) AS Counts
FROM (${durationReadings('server')})
GROUP BY ServiceName, Minute, Bounds ORDER BY ServiceName, Minute, Bounds`;
