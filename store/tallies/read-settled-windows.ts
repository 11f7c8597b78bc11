import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { readRows } from '../read-rows.ts';

/** A window of arrival, 5 s, whose spans were matched with those they name; of sampling, a minute of their end. */
export interface SettledWindow {
  readonly startMs: number;
  /** How long the spans they name were waited for. */
  readonly lagMs: number;
  /** When it was settled last; again, when it turned out that these take longer. */
  readonly settledAtMs: number;
}

/**
 * Settled windows that begin at `fromMs` or later, oldest first.
 * @param table whose: of remote edges, of calls and mentions, or of sampling
 * @throws PipelineError store_unavailable
 */
export async function readSettledWindows(
  client: ClickHouseClient,
  fromMs: number,
  table: 'tally_edge_settled' | 'tally_graph_settled' | 'tally_sampling_settled' = 'tally_edge_settled',
): Promise<SettledWindow[]> {
  const rows = await readRows<{ WindowS: number; Lag: number; At: string }>(client, {
    sql: `SELECT toUnixTimestamp(Window) AS WindowS, argMax(LagMs, SettledAt) AS Lag,
        toUnixTimestamp64Milli(max(SettledAt)) AS At
      FROM ${table} WHERE Window >= {from:DateTime64(3, 'UTC')} GROUP BY Window ORDER BY Window`,
    params: { from: toClickhouseTime(fromMs) },
    about: table,
  });
  return rows.map((row) => ({ startMs: row.WindowS * 1_000, lagMs: row.Lag, settledAtMs: Number(row.At) }));
}
