import type { ClickHouseClient } from '@clickhouse/client';
import { readPairsSettled } from '../store/tallies/read-host-pairs.ts';
import { readSettledWindows } from '../store/tallies/read-settled-windows.ts';
import { settleHostPairs } from '../store/tallies/settle-host-pairs.ts';

const WINDOW_MS = 5_000;
/** Clocks are judged by the last minutes; older windows are of no use to anybody. */
const LOOK_BACK_MS = 300_000;
const WINDOWS_AT_ONCE = 24;

/**
 * One tick: matches calls between clocks in every 5 s window of arrival whose edges are settled and whose pairs are not.
 * Edges know how long parents must be waited for; a pair whose parent came later still is one bound fewer, never a
 * wrong one, so nothing is settled twice. State is in the store, as with edges.
 * @returns how many windows were settled
 * @throws PipelineError store_unavailable; the next tick does what is left
 */
export async function settleClocks(
  deps: { readonly client: ClickHouseClient },
  nowMs: number,
): Promise<number> {
  const horizonMs = Math.floor((nowMs - LOOK_BACK_MS) / WINDOW_MS) * WINDOW_MS;
  const [edges, newestMs] = await Promise.all([
    readSettledWindows(deps.client, horizonMs),
    readPairsSettled(deps.client, horizonMs),
  ]);
  const newestEdge = edges.at(-1);
  if (newestEdge === undefined) return 0;
  const fromMs = newestMs === null ? horizonMs : newestMs + WINDOW_MS;
  const dueMs = newestEdge.startMs + WINDOW_MS;
  for (let startMs = fromMs; startMs < dueMs; startMs += WINDOWS_AT_ONCE * WINDOW_MS) {
    const untilMs = Math.min(dueMs, startMs + WINDOWS_AT_ONCE * WINDOW_MS);
    await settleHostPairs(deps.client, { fromMs: startMs, untilMs, settledAtMs: nowMs });
  }
  return Math.max(0, dueMs - fromMs) / WINDOW_MS;
}
