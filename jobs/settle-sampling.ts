import type { ClickHouseClient } from '@clickhouse/client';
import { SAMPLING_WINDOW_MS, settleSamplingWindows } from '../store/tallies/settle-sampling-windows.ts';
import { type SettleOutcome, settleWindows } from './settle-windows.ts';

/**
 * One tick: folds the spans of every minute that is over, once they had time to arrive, into windows of sampling.
 * @throws PipelineError store_unavailable; the next tick does what is left
 */
export function settleSampling(
  { client }: { readonly client: ClickHouseClient },
  nowMs: number,
): Promise<SettleOutcome> {
  const settle = (range: Parameters<typeof settleSamplingWindows>[1]) => settleSamplingWindows(client, range);
  return settleWindows(
    client,
    { awaited: 'caller', marks: 'tally_sampling_settled', windowMs: SAMPLING_WINDOW_MS, settle },
    nowMs,
  );
}
