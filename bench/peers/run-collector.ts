import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { listenBriefly } from '../../main/listen-briefly.ts';

const HOST = '127.0.0.1';
const CONFIG = join(import.meta.dirname, 'collector.yaml');
const READY = 'Everything is ready.';

export interface CollectorSetup {
  readonly binary: string;
  /** The engine that it inserts into, over HTTP. */
  readonly store: { readonly url: string; readonly token: string };
  /** Rows from which on a batch is inserted; 5 s after its first row it is in any case. */
  readonly batchRows: number;
  /** Go's GOGC, 100 where nobody says: more takes memory and spares the collector of garbage work. */
  readonly gogc?: number;
}

export interface RunningCollector {
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly pid: number;
  /** What it logged as a warning or an error: a failed insert, a refused request. */
  readonly complaints: readonly string[];
  /** Ends it and removes its queue. */
  stop(): Promise<void>;
}

/** The Collector of collector.yaml on free ports, with a fresh queue on disk. */
export async function runCollector(setup: CollectorSetup): Promise<RunningCollector> {
  const { binary, store, batchRows, gogc = 100 } = setup;
  const queueDir = await mkdtemp(join(tmpdir(), 'plumbline-collector-'));
  const httpPort = (await listenBriefly(HOST, 0)) as number;
  const grpcPort = (await listenBriefly(HOST, 0)) as number;
  const child = spawn(binary, ['--config', CONFIG], {
    env: {
      CLICKHOUSE_URL: store.url,
      CLICKHOUSE_PASSWORD: store.token,
      OTLP_HTTP_PORT: String(httpPort),
      OTLP_GRPC_PORT: String(grpcPort),
      QUEUE_DIR: queueDir,
      BATCH_ROWS: String(batchRows),
      GOGC: String(gogc),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const complaints: string[] = [];
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    await rm(queueDir, { recursive: true });
  };
  const lines = createInterface({ input: child.stderr });
  const ready = new Promise<void>((resolve, reject) => {
    const seen: string[] = [];
    lines.on('line', (line) => {
      if (line.includes(READY)) resolve();
      if (seen.push(line) > 20) seen.shift();
      if (/\t(warn|error)\t|fail/i.test(line)) complaints.push(line);
    });
    lines.once('close', () => reject(new Error(`The Collector ended at its start:\n${seen.join('\n')}`)));
  });
  try {
    await ready;
  } catch (error) {
    await stop();
    throw error;
  }
  return { httpPort, grpcPort, pid: child.pid as number, complaints, stop };
}
