import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from './clickhouse-time.ts';
import { readRows } from './read-rows.ts';

/** A clock of ours may be set back a little between sending and receiving. */
const CLOCK_MS = 5_000;

/**
 * When a span of this trace arrived, as the tallies see it; null while it cannot be queried.
 * @throws PipelineError store_unavailable
 */
export async function readArrival(
  client: ClickHouseClient,
  of: { readonly traceId: string; readonly sinceMs: number },
): Promise<number | null> {
  const [row] = await readRows<{ ReceivedMs: string }>(client, {
    sql: `SELECT toUnixTimestamp64Milli(ReceivedAt) AS ReceivedMs FROM tally_span
      WHERE ReceivedAt >= {since:DateTime64(3, 'UTC')} AND TraceId = {trace:String} LIMIT 1`,
    params: { since: toClickhouseTime(of.sinceMs - CLOCK_MS), trace: of.traceId },
    about: 'tally_span',
  });
  return row === undefined ? null : Number(row.ReceivedMs);
}
