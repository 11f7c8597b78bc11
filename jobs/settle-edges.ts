import type { ClickHouseClient } from '@clickhouse/client';
import { settleEdgeWindows } from '../store/tallies/settle-edge-windows.ts';
import { type SettleOutcome, settleWindows } from './settle-windows.ts';

/**
 * One tick: matches remote children with their parents, which are waited for.
 * @throws PipelineError store_unavailable; the next tick does what is left
 */
export function settleEdges(
  { client }: { readonly client: ClickHouseClient },
  nowMs: number,
): Promise<SettleOutcome> {
  const settle = (range: Parameters<typeof settleEdgeWindows>[1]) => settleEdgeWindows(client, range);
  return settleWindows(client, { awaited: 'caller', marks: 'tally_edge_settled', settle }, nowMs);
}
