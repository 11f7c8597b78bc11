import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { startIngestProcess } from './ingest-process.ts';
import { Load } from './load.ts';
import { StoreGate } from './store-gate.ts';
import { temporaryFolder } from './temporary-folder.ts';

interface Outage {
  readonly name: string;
  begin(scene: { gate: StoreGate; engine: TestEngine }): Promise<unknown>;
  end?(scene: { gate: StoreGate; engine: TestEngine }): Promise<unknown>;
}

/** ClickHouse's own refusal of one more part: `tables` hold some already. */
const tooManyParts = (name: string, tables: readonly string[]): Outage => ({
  name,
  begin: async ({ gate, engine }) => {
    await gate.change();
    for (const table of tables) await alter(engine, table, 'MODIFY SETTING parts_to_throw_insert = 1');
  },
  end: async ({ engine }) => {
    for (const table of tables) await alter(engine, table, 'RESET SETTING parts_to_throw_insert');
  },
});

const alter = (engine: TestEngine, table: string, how: string) =>
  engine.client.command({ query: `ALTER TABLE ${table} ${how}` });

const OUTAGES: readonly Outage[] = [
  { name: 'refuses connections', begin: ({ gate }) => gate.shut() },
  { name: 'hangs', begin: ({ gate }) => gate.change({ hangs: true }) },
  {
    name: 'does what it is told, and its answers are lost',
    begin: ({ gate }) => gate.change({ losesAnswers: true }),
  },
  {
    name: 'is out of memory',
    begin: ({ gate }) => gate.change({ answers: { code: 241, name: 'MEMORY_LIMIT_EXCEEDED' } }),
  },
  {
    name: 'answers 500 for reasons of its own',
    begin: ({ gate }) => gate.change({ answers: { code: 1002, name: 'UNKNOWN_EXCEPTION' } }),
  },
  tooManyParts('has too many parts', ['otel_logs', 'otel_traces', 'otel_metrics_gauge']),
  tooManyParts('has too many parts behind a view, when the rows are in already', ['tally_source']),
  { name: 'is slow', begin: ({ gate }) => gate.change({ delayMs: 700 }) },
];

/**
 * ClickHouse fails under load, in one way after the other without a pause between them. Ingest acknowledges all the
 * while; afterwards every acknowledged record is stored once, in rows and tallies.
 */
export async function failingStore({
  msPerOutage,
  pauseMs,
}: {
  msPerOutage: number;
  pauseMs: number;
}): Promise<void> {
  await using folder = await temporaryFolder();
  const engine = await startTestEngine({ migrate: true, tallies: ['tally_source'] });
  const gate = await StoreGate.to(engine.url);
  await gate.open();
  const ingest = await startIngestProcess(
    { dataDir: folder.path, batchAgeMsMax: 50, drainMsMax: 10_000 },
    { url: gate.url, token: engine.token },
  );
  const load = new Load(() => ingest, { pauseMs });
  try {
    await expect.poll(() => load.acknowledgedCount, { timeout: 10_000 }).toBeGreaterThan(20);
    for (const outage of OUTAGES) {
      const before = load.acknowledgedCount;
      await outage.begin({ gate, engine });
      await sleep(msPerOutage);
      const acknowledged = () => load.acknowledgedCount - before;
      await expect
        .poll(acknowledged, { timeout: 10_000, message: `while the store ${outage.name}` })
        .toBeGreaterThan(20);
      await outage.end?.({ gate, engine });
    }
    await gate.change();
    await load.stop();
    expect(load.refusedCount).toEqual({ http: 0, grpc: 0 });
    await expect.poll(() => load.missing(engine.client), { timeout: 60_000, interval: 300 }).toEqual([]);
    await ingest.close();
    await load.expectWholeAndOnce(engine.client);
    await load.expectNothingElse(engine.client);
  } finally {
    await load.end();
    await ingest.kill();
    await gate.shut();
    await engine.close();
  }
}
