import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settleEdges } from '../../jobs/settle-edges.ts';
import { readEdgeTallies } from '../../store/tallies/read-edge-tallies.ts';
import { readSettledWindows } from '../../store/tallies/read-settled-windows.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { LOCAL, spanRow, traceIdOf } from '../store/span-row.ts';

const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 1_200_000;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_span'] });
});
afterAll(() => engine.close());

/** A call of `callee` by `caller` at `atMs`; the caller's span arrives `parentLateMs` after it, null: never. */
function call(n: number, atMs: number, parentLateMs: number | null) {
  const ids = { traceId: traceIdOf(n), startMs: T0 + atMs };
  const child = spanRow({
    ...ids,
    service: 'callee',
    spanId: `c${n}`,
    parentSpanId: `p${n}`,
    receivedMs: T0 + atMs,
  });
  if (parentLateMs === null) return [child];
  const receivedMs = T0 + atMs + parentLateMs;
  return [
    child,
    spanRow({ ...ids, service: 'caller', kind: 'Client', flags: LOCAL, spanId: `p${n}`, receivedMs }),
  ];
}

const insert = (rows: Record<string, unknown>[]) => writeRows(engine.client, 'otel_traces', rows);
const settle = (atMs: number) => settleEdges({ client: engine.client }, T0 + atMs);
const orphansIn = async (fromMs: number, untilMs: number) => {
  const edges = await readEdgeTallies(engine.client, { fromMs: T0 + fromMs, untilMs: T0 + untilMs });
  return edges.filter((edge) => edge.caller === null).reduce((sum, edge) => sum + edge.children, 0);
};

describe('settleEdges', () => {
  it('settles an empty store by the clock alone, a minute behind', async () => {
    const outcome = await settle(0);
    expect(outcome).toEqual({
      settledWindows: 107,
      resettledWindows: 0,
      skippedWindows: 0,
      settledUntilMs: T0 - 65_000,
      lagMs: 5_000,
    });
    expect(await settle(0)).toMatchObject({ settledWindows: 0, settledUntilMs: T0 - 65_000 });
  });

  it('waits for parents, on the clock of what can be read', async () => {
    await insert(Array.from({ length: 40 }, (_, i) => call(i, i * 100, i === 7 ? null : 1_000)).flat());
    // Nothing that arrived after 4.9 s can be read: the window [0, 5) may still fill.
    expect((await settle(20_000)).settledUntilMs).toBe(T0 - 5_000);
    await insert(call(100, 11_000, 0));
    const outcome = await settle(20_000);
    expect(outcome).toMatchObject({ lagMs: 5_000, settledUntilMs: T0 + 5_000 });
    expect(await orphansIn(0, 5_000)).toBe(1);
    expect(await settle(20_000)).toMatchObject({ settledWindows: 0 });
  });

  it('waits longer where parents take longer', async () => {
    await insert(Array.from({ length: 40 }, (_, i) => call(200 + i, 30_000 + i * 100, 12_000)).flat());
    await insert(call(300, 59_000, 0));
    const outcome = await settle(60_000);
    expect(outcome.lagMs).toBe(24_000);
    expect(outcome.settledUntilMs).toBe(T0 + 35_000);
    expect(await orphansIn(30_000, 35_000)).toBe(0);
    expect((await readSettledWindows(engine.client, T0 + 30_000))[0]).toEqual({
      startMs: T0 + 30_000,
      lagMs: 24_000,
      settledAtMs: T0 + 60_000,
    });
  });

  it('settles the last windows of a system that sends nothing more', async () => {
    expect((await settle(130_000)).settledUntilMs).toBe(T0 + 65_000);
  });

  it('goes on where it stopped, and counts what it can no longer settle', async () => {
    const outcome = await settle(900_000);
    expect(outcome.skippedWindows).toBe((300_000 - 65_000) / 5_000);
    expect(outcome.settledWindows).toBe(107);
    expect(outcome.settledUntilMs).toBe(T0 + 835_000);
  });

  it('takes back orphans whose parents were late, once it sees that they are late', async () => {
    const calls = Array.from({ length: 40 }, (_, i) => call(400 + i, 1_000_000 + i * 100, 15_000));
    await insert([...calls.map(([child]) => child as Record<string, unknown>), ...call(500, 1_011_000, 0)]);
    expect(await settle(1_012_000)).toMatchObject({ lagMs: 5_000, settledUntilMs: T0 + 1_005_000 });
    expect(await orphansIn(1_000_000, 1_005_000)).toBe(40);
    await insert([
      ...calls.map(([, parent]) => parent as Record<string, unknown>),
      ...call(501, 1_050_000, 0),
    ]);
    const outcome = await settle(1_051_000);
    expect(outcome.lagMs).toBe(30_000);
    expect(outcome.resettledWindows).toBeGreaterThan(0);
    expect(await orphansIn(1_000_000, 1_005_000)).toBe(0);
    expect((await settle(1_052_000)).resettledWindows).toBe(0);
  });
});
