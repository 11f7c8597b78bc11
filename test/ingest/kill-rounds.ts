import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { SIGNALS } from '../../core/signal.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { type IngestProcess, startIngestProcess } from './ingest-process.ts';
import { Load } from './load.ts';
import { StoreGate } from './store-gate.ts';
import { temporaryFolder } from './temporary-folder.ts';

type Victim = 'ingest' | 'engine' | 'both';

/** Two processes that may die at any moment. */
class Scene {
  engine: TestEngine;
  ingest: IngestProcess;
  readonly #gate: StoreGate;
  readonly #dataDir: string;

  static async start(dataDir: string): Promise<Scene> {
    const engine = await startTestEngine({ migrate: true, tallies: ['tally_source'] });
    const gate = await StoreGate.to(engine.url);
    await gate.open();
    return new Scene({ dataDir, engine, gate, ingest: await startIngest(dataDir, gate, engine) });
  }

  private constructor(at: { dataDir: string; engine: TestEngine; gate: StoreGate; ingest: IngestProcess }) {
    this.#dataDir = at.dataDir;
    this.#gate = at.gate;
    this.engine = at.engine;
    this.ingest = at.ingest;
  }

  async kill(victim: Victim): Promise<void> {
    await Promise.all([
      victim === 'engine' ? null : this.ingest.kill(),
      victim === 'ingest' ? null : this.engine.kill(),
    ]);
    if (victim !== 'ingest') {
      this.engine = await startTestEngine({ dataDir: this.engine.dataDir });
      this.#gate.leadTo(this.engine.url);
    }
    if (victim !== 'engine') this.ingest = await startIngest(this.#dataDir, this.#gate, this.engine);
  }

  async end(): Promise<void> {
    await this.ingest.kill();
    await this.#gate.shut();
    await this.engine.close();
  }
}

function startIngest(dataDir: string, gate: StoreGate, engine: TestEngine): Promise<IngestProcess> {
  return startIngestProcess(
    { dataDir, batchAgeMsMax: 50, drainMsMax: 10_000, storeReadsFiles: true },
    { url: gate.url, token: engine.token },
  );
}

/** Kills ingest, engine or both in each round at a moment that `random` chooses, under load. */
export async function killRounds({
  rounds,
  random,
}: {
  rounds: number;
  random: () => number;
}): Promise<void> {
  await using folder = await temporaryFolder();
  const scene = await Scene.start(folder.path);
  const load = new Load(() => scene.ingest);
  try {
    for (let round = 0; round < rounds; round++) {
      await sleep(100 + random() * 700);
      await scene.kill((['ingest', 'both', 'engine', 'ingest'] as const)[Math.floor(random() * 4)] as Victim);
    }
    await sleep(300);
    await load.stop();
    const missing = () => load.missing(scene.engine.client);
    await expect.poll(missing, { timeout: 120_000, interval: 200 }).toEqual([]);
    await scene.ingest.close();
    for (const signal of SIGNALS) expect(load.acknowledged[signal].size).toBeGreaterThan(rounds);
    await load.expectWholeAndOnce(scene.engine.client);
  } finally {
    await load.end();
    await scene.end();
  }
}
