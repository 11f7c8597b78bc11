import type { ClickHouseClient } from '@clickhouse/client';
import type { EdgeTally } from '../core/edge-tally.ts';
import { readEdgeTallies } from '../store/tallies/read-edge-tallies.ts';
import { readSettledWindows } from '../store/tallies/read-settled-windows.ts';
import { type MeasuredLoss, measureLoss } from '../validators/measure-loss.ts';
import { BUCKET_MS, FAST_MS, SLOW_MS } from '../validators/windows.ts';

/**
 * The settled edges of the last ten minutes, read once each, and what they measure. Edges change every five seconds,
 * verdicts are given every second: without this, every tick would read and measure the same again.
 */
export interface EdgeMemory {
  edges: readonly EdgeTally[];
  settledUntilMs: number | null;
  measured: { readonly loss: MeasuredLoss; readonly inconsistent: string } | null;
}

export function newEdgeMemory(): EdgeMemory {
  return { edges: [], settledUntilMs: null, measured: null };
}

/**
 * Brings the memory up to what is settled and measures the loss where anything changed.
 * @param inconsistent `serviceKey`s of services whose sampling verdict is fail
 * @returns null while nothing was settled in ten minutes
 * @throws PipelineError store_unavailable; the memory is then as it was
 */
export async function refreshLoss(
  memory: EdgeMemory,
  of: {
    readonly client: ClickHouseClient;
    readonly inconsistent: ReadonlySet<string>;
    readonly nowMs: number;
  },
): Promise<MeasuredLoss | null> {
  const windows = await readSettledWindows(of.client, of.nowMs - SLOW_MS - FAST_MS);
  const newest = windows.at(-1);
  if (newest === undefined) return null;
  const untilMs = newest.startMs + BUCKET_MS;
  const inconsistent = [...of.inconsistent].sort().join();
  if (untilMs === memory.settledUntilMs && memory.measured?.inconsistent === inconsistent) {
    return memory.measured.loss;
  }
  if (untilMs !== memory.settledUntilMs) {
    const fromMs = untilMs - SLOW_MS;
    const known = memory.settledUntilMs ?? fromMs;
    const added = await readEdgeTallies(of.client, { fromMs: Math.max(fromMs, known), untilMs });
    memory.edges = [...memory.edges.filter((edge) => edge.windowMs >= fromMs), ...added];
    memory.settledUntilMs = untilMs;
  }
  const fast = windows.filter((window) => window.startMs >= untilMs - FAST_MS);
  const lagMs = Math.min(...fast.map((window) => window.lagMs));
  const loss = measureLoss(memory.edges, { untilMs, lagMs }, of.inconsistent);
  memory.measured = { loss, inconsistent };
  return loss;
}
