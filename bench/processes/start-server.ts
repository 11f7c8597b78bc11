import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { createStoreClient } from '../../store/client.ts';
import { readOrCreateEngineToken } from '../../store/engine/engine-token.ts';
import { childrenOf, cpuMs, residentBytes } from './cpu-time.ts';

const BIN = join(import.meta.dirname, '../../main/plumbline.mjs');
const SCRIPT = /roles\/(\w+)\.ts/;

export interface BenchServer {
  readonly dataDir: string;
  readonly ports: Readonly<Record<'otlpGrpcPort' | 'otlpHttpPort' | 'apiPort' | 'clickhousePort', number>>;
  /** With the internal token. */
  readonly store: ClickHouseClient;
  /** CPU time of each role so far. */
  cpuMs(): Readonly<Record<string, number>>;
  /** Of all processes together. */
  residentBytes(): number;
  stop(): Promise<void>;
}

/** `plumbline serve` as users run it, on free ports and a fresh data directory, with some of its roles. */
export async function startServer(
  roles: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<BenchServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'plumbline-bench-'));
  const free = Object.fromEntries(
    ['OTLP_GRPC', 'OTLP_HTTP', 'API', 'CLICKHOUSE'].map((name) => [`PLUMBLINE_${name}_PORT`, '0']),
  );
  const child = spawn(process.execPath, [BIN, 'serve'], {
    env: {
      PATH: process.env['PATH'],
      ...free,
      PLUMBLINE_DATA_DIR: dataDir,
      PLUMBLINE_ROLES: roles.join(','),
      PLUMBLINE_LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const letGo = endTogether(child);
  for await (const chunk of child.stdout) if (String(chunk).includes('is ready')) break;
  child.stdout.resume();
  const serving = await readFile(join(dataDir, 'serving.json'), 'utf8');
  const { ports } = JSON.parse(serving) as Pick<BenchServer, 'ports'>;
  const url = `http://127.0.0.1:${ports.clickhousePort}`;
  const store = createStoreClient({ url, token: await readOrCreateEngineToken(dataDir) });
  const processes = () => {
    const pid = child.pid as number;
    const roleOf = (command: string) => SCRIPT.exec(command)?.[1] ?? 'other';
    return [
      { role: 'supervisor', pid },
      ...childrenOf(pid).map((each) => ({ role: roleOf(each.command), pid: each.pid })),
    ];
  };
  return {
    dataDir,
    ports,
    store,
    cpuMs: () => Object.fromEntries(processes().map(({ role, pid }) => [role, cpuMs(pid)])),
    residentBytes: () => processes().reduce((sum, { pid }) => sum + residentBytes(pid), 0),
    stop: async () => {
      await store.close();
      child.kill('SIGTERM');
      await exited;
      letGo();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A server that outlived an interrupted run would sit beside every later one, and spoil its figures. */
function endTogether(child: ChildProcess): () => void {
  const end = () => child.kill('SIGKILL');
  const quit = () => process.exit(1);
  process.on('exit', end).on('SIGINT', quit).on('SIGTERM', quit);
  return () => process.off('exit', end).off('SIGINT', quit).off('SIGTERM', quit);
}
