import type { ClickHouseClient } from '@clickhouse/client';
import type { EdgeTally } from '../core/edge-tally.ts';
import type { LocalEdgeTally } from '../core/local-edge-tally.ts';
import type { SamplingTally } from '../core/sampling-tally.ts';
import { readEdgeTallies } from '../store/tallies/read-edge-tallies.ts';
import { readLocalEdgeTallies } from '../store/tallies/read-local-edge-tallies.ts';
import { readSettledWindows, type SettledWindow } from '../store/tallies/read-settled-windows.ts';
import { type MeasuredLoss, measureLoss } from '../validators/measure-loss.ts';
import { BUCKET_MS, FAST_MS, SLOW_MS } from '../validators/windows.ts';

interface RememberedWindow {
  readonly settledAtMs: number;
  readonly edges: readonly EdgeTally[];
  readonly locals: readonly LocalEdgeTally[];
}

/**
 * The settled edges of the last ten minutes, each window read once per settling, and what they measure. Edges change
 * every five seconds, verdicts are given every second: without this, every tick would read and measure the same again.
 */
export interface EdgeMemory {
  readonly windows: Map<number, RememberedWindow>;
  measured: { readonly loss: MeasuredLoss; readonly inconsistent: string } | null;
}

export function newEdgeMemory(): EdgeMemory {
  return { windows: new Map(), measured: null };
}

/**
 * Brings the memory up to what is settled and measures the loss where anything changed.
 * @param of.inconsistent `serviceKey`s of services whose sampling verdict is fail
 * @param of.marks sampling marks of the last ten minutes; they count from the next settled window on
 * @returns null while nothing was settled in ten minutes
 * @throws PipelineError store_unavailable; the memory is then as it was
 */
export async function refreshLoss(
  memory: EdgeMemory,
  of: {
    readonly client: ClickHouseClient;
    readonly inconsistent: ReadonlySet<string>;
    readonly marks: readonly SamplingTally[];
    readonly nowMs: number;
  },
): Promise<MeasuredLoss | null> {
  const settled = await readSettledWindows(of.client, of.nowMs - SLOW_MS - FAST_MS);
  const newest = settled.at(-1);
  if (newest === undefined) return null;
  const untilMs = newest.startMs + BUCKET_MS;
  const windows = settled.filter((window) => window.startMs >= untilMs - SLOW_MS);
  const isChanged = await refreshWindows(memory, of.client, windows);
  const inconsistent = [...of.inconsistent].sort().join();
  if (!isChanged && memory.measured?.inconsistent === inconsistent) return memory.measured.loss;
  const fast = windows.filter((window) => window.startMs >= untilMs - FAST_MS);
  const lagMs = Math.min(...fast.map((window) => window.lagMs));
  const edges = windows.flatMap((window) => memory.windows.get(window.startMs)?.edges ?? []);
  const locals = [...memory.windows.values()].flatMap((window) => window.locals);
  const loss = measureLoss(edges, { untilMs, lagMs }, of.inconsistent, { marks: of.marks, locals });
  memory.measured = { loss, inconsistent };
  return loss;
}

/** All edges that are remembered. */
export function edgesOf({ windows }: EdgeMemory): EdgeTally[] {
  return [...windows.values()].flatMap(({ edges }) => edges);
}

/** Reads the windows that are new or were settled again, and forgets the old. */
async function refreshWindows(
  memory: EdgeMemory,
  client: ClickHouseClient,
  windows: readonly SettledWindow[],
): Promise<boolean> {
  const changed = windows.filter(
    (window) => memory.windows.get(window.startMs)?.settledAtMs !== window.settledAtMs,
  );
  const [first, last] = [changed[0], changed.at(-1)];
  if (first === undefined || last === undefined) return false;
  const range = { fromMs: first.startMs, untilMs: last.startMs + BUCKET_MS };
  const [edges, locals] = await Promise.all([
    readEdgeTallies(client, range).then((all) => Map.groupBy(all, ({ windowMs }) => windowMs)),
    readLocalEdgeTallies(client, range).then((all) => Map.groupBy(all, ({ windowMs }) => windowMs)),
  ]);
  for (const { startMs, settledAtMs } of changed) {
    memory.windows.set(startMs, {
      settledAtMs,
      edges: edges.get(startMs) ?? [],
      locals: locals.get(startMs) ?? [],
    });
  }
  const oldestMs = windows[0]?.startMs ?? 0;
  for (const startMs of memory.windows.keys()) if (startMs < oldestMs) memory.windows.delete(startMs);
  return true;
}
