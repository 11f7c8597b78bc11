import type { ClickHouseClient } from '@clickhouse/client';
import { settleGraphWindows } from '../store/tallies/settle-graph-windows.ts';
import { type SettleOutcome, settleWindows } from './settle-windows.ts';

/**
 * One tick: matches calls with the spans that answered them, and the spans that log records and exemplars mention
 * with those that are here. Waited for are spans of SERVER and CONSUMER kind, from their start: they answer, most
 * log records lie in them, and they must end before they are sent.
 * @throws PipelineError store_unavailable; the next tick does what is left
 */
export function settlePairs(
  { client }: { readonly client: ClickHouseClient },
  nowMs: number,
): Promise<SettleOutcome> {
  const settle = (range: Parameters<typeof settleGraphWindows>[1]) => settleGraphWindows(client, range);
  return settleWindows(client, { awaited: 'callee', marks: 'tally_graph_settled', settle }, nowMs);
}
