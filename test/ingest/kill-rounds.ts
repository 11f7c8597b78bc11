import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { SIGNALS, type Signal } from '../../core/signal.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { exportProtobuf } from './export-body.ts';
import { post } from './http/post.ts';
import { type IngestProcess, startIngestProcess } from './ingest-process.ts';
import { countsOf } from './rows-of.ts';
import { StoreGate } from './store-gate.ts';
import { temporaryFolder } from './temporary-folder.ts';

const HEADERS = { 'content-type': 'application/x-protobuf' };
const CLIENTS = 6;
const ITEMS = 10;
/** What identifies an item of a signal, and how often one body repeats it. */
const STORED = {
  traces: { table: 'otel_traces', column: 'SpanName' },
  metrics: { table: 'otel_metrics_gauge', column: 'MetricName' },
  logs: { table: 'otel_logs', column: "splitByChar('/', Body)[1]" },
} as const;
const NAME_OF: Readonly<Record<Signal, (seed: string) => string>> = {
  traces: (seed) => `GET /${seed}`,
  metrics: (seed) => `gauge${seed}`,
  logs: (seed) => seed,
};

type Victim = 'ingest' | 'engine' | 'both';

/** Two processes that may die at any moment, and clients that go on sending whatever happens. */
class Scene {
  readonly acknowledged: Record<Signal, Set<string>> = {
    traces: new Set(),
    metrics: new Set(),
    logs: new Set(),
  };
  engine: TestEngine;
  ingest: IngestProcess;
  readonly #gate: StoreGate;
  readonly #dataDir: string;
  #loading = true;

  static async start(dataDir: string): Promise<Scene> {
    const engine = await startTestEngine({ migrate: true });
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

  async load(client: number): Promise<void> {
    for (let count = 0; this.#loading; count++) {
      const signal = SIGNALS[(client + count) % SIGNALS.length] as Signal;
      const seed = `${client}-${count}`; // never sent again: what is there twice was stored twice
      const padding = signal === 'traces' ? seed : '';
      const body = exportProtobuf(signal, { seed, valid: ITEMS, padding });
      try {
        const { status } = await post(this.ingest.httpUrl, { path: `/v1/${signal}`, headers: HEADERS, body });
        if (status === 200) this.acknowledged[signal].add(NAME_OF[signal](seed));
      } catch {
        await sleep(10); // killed: neither acknowledged nor refused
      }
    }
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

  async settle(loads: readonly Promise<void>[]): Promise<void> {
    this.#loading = false;
    await Promise.all(loads);
    for (const signal of SIGNALS) {
      const missing = async () => this.missing(signal, await this.counts(signal));
      await expect.poll(missing, { timeout: 30_000, interval: 200 }).toEqual([]);
    }
    await this.ingest.close();
  }

  missing(signal: Signal, counts: ReadonlyMap<string, number>): string[] {
    return [...this.acknowledged[signal]].filter((name) => !counts.has(name));
  }

  counts(signal: Signal): Promise<Map<string, number>> {
    return countsOf(this.engine.client, STORED[signal]);
  }

  async end(): Promise<void> {
    await this.ingest.kill();
    await this.#gate.shut();
    await this.engine.close();
  }
}

function startIngest(dataDir: string, gate: StoreGate, engine: TestEngine): Promise<IngestProcess> {
  return startIngestProcess(
    { dataDir, batchAgeMsMax: 50, drainMsMax: 10_000 },
    { url: gate.url, token: engine.token },
  );
}

/**
 * Kills ingest, engine or both in each round at a moment that `random` chooses, under load. Afterwards every
 * acknowledged request is stored whole and once, and so are those that were stored without an acknowledgement;
 * the tallies say the same.
 */
export async function killRounds({
  rounds,
  random,
}: {
  rounds: number;
  random: () => number;
}): Promise<void> {
  await using folder = await temporaryFolder();
  const scene = await Scene.start(folder.path);
  try {
    const loads = Array.from({ length: CLIENTS }, (_, client) => scene.load(client));
    for (let round = 0; round < rounds; round++) {
      await sleep(100 + random() * 700);
      await scene.kill((['ingest', 'both', 'engine', 'ingest'] as const)[Math.floor(random() * 4)] as Victim);
    }
    await sleep(300);
    await scene.settle(loads);
    for (const signal of SIGNALS) {
      const counts = await scene.counts(signal);
      expect(scene.acknowledged[signal].size).toBeGreaterThan(rounds);
      expect(scene.missing(signal, counts)).toEqual([]);
      expect(new Set(counts.values())).toEqual(new Set([ITEMS]));
      const tally = `SELECT toString(sum(Items)) AS n FROM tally_source WHERE Signal = '${signal}'`;
      const tallied = await scene.engine.client.query({ query: tally, format: 'JSONEachRow' });
      expect(await tallied.json()).toEqual([{ n: String(counts.size * ITEMS) }]);
    }
  } finally {
    await scene.end();
  }
}
