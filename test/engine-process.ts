import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ClickHouseClient } from '@clickhouse/client';
import { type FailureCode, type FailureFacts, PipelineError } from '../core/errors.ts';
import { createStoreClient } from '../store/client.ts';
import { ENGINE_ENV } from '../store/engine/engine-env.ts';
import { readOrCreateEngineToken } from '../store/engine/engine-token.ts';
import { migrate } from '../store/migrate.ts';
import { copyMigrated } from './copy-migrated.ts';

const ENTRY = join(import.meta.dirname, 'engine-main.ts');

export interface TestEngine {
  readonly pid: number;
  readonly url: string;
  readonly token: string;
  readonly dataDir: string;
  /** With the internal token: may write. */
  readonly client: ClickHouseClient;
  /** kill -9, at once. The data directory stays: hand it to the next startTestEngine to go on with it. */
  kill(): Promise<void>;
  /** Ends the process in order; the data directory stays. */
  stop(): Promise<void>;
  /** Kills the process and removes the data directory. To end in order is for tests of just that: `stop`. */
  close(): Promise<void>;
}

/**
 * A real engine in a process of its own, on a free port and a fresh data directory.
 * @param options.migrate also makes the tables of store/migrations
 * @param options.tallies which tallies are kept (all, unless given): what a test does not look at need not be made
 * @param options.dataDir a directory of your choice, or that of an engine that was killed
 * @param options.port a port of your choice instead of a free one
 * @throws PipelineError why the engine cannot start
 */
export async function startTestEngine(
  options: { migrate?: boolean; tallies?: readonly string[]; dataDir?: string; port?: number } = {},
): Promise<TestEngine> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'plumbline-engine-')));
  if (options.migrate === true && !existsSync(join(dataDir, 'engine'))) copyMigrated(dataDir, options);
  const token = await readOrCreateEngineToken(dataDir);
  const child = spawn(process.execPath, [ENTRY, dataDir, token, String(options.port ?? 0)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...ENGINE_ENV },
  });
  const exited = once(child, 'exit');
  const port = await portOf(child).catch(async (error: unknown) => {
    await exited;
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true });
    throw error;
  });
  const url = `http://127.0.0.1:${port}`;
  const client = createStoreClient({ url, token });
  if (options.migrate === true) await migrate(client);
  const end = async (signal: NodeJS.Signals) => {
    await client.close();
    child.kill(signal);
    await exited;
  };
  return {
    pid: child.pid as number,
    url,
    token,
    dataDir,
    client,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    close: async () => {
      await end('SIGKILL');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

interface FirstLine {
  readonly port?: number;
  readonly failure?: { readonly code: FailureCode; readonly message: string; readonly facts: FailureFacts };
}

async function portOf(child: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const { port, failure } = JSON.parse(line) as FirstLine;
    if (failure !== undefined) throw new PipelineError(failure.code, failure.message, failure.facts);
    return port as number;
  }
  throw new Error('The engine process ended before it told its port; its reason stands above.');
}
