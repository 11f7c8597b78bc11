import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from '../clickhouse-time.ts';
import { writeRows } from '../write-rows.ts';

/** Windows of arrival that are settled together. */
export const WINDOW_MS = 5_000;

/** Whole windows, how long what they name was waited for, and when they were settled. */
export interface SettledRange {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly lagMs: number;
  readonly settledAtMs: number;
}

/** Names each window's newest settling; to be written last. @throws PipelineError store_unavailable */
export async function markSettled(
  client: ClickHouseClient,
  table: 'tally_edge_settled' | 'tally_graph_settled',
  { fromMs, untilMs, lagMs, settledAtMs }: SettledRange,
): Promise<void> {
  const windows = Array.from({ length: (untilMs - fromMs) / WINDOW_MS }, (_, i) => ({
    Window: toClickhouseTime(fromMs + i * WINDOW_MS).slice(0, 19),
    SettledAt: toClickhouseTime(settledAtMs),
    LagMs: lagMs,
  }));
  await writeRows(client, table, windows);
}
