import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { drainPending, type Session } from 'chdb';
import { PipelineError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { type EngineParts, handleEngineRequest } from './engine-handler.ts';
import { EngineLane } from './engine-lane.ts';
import { feelPulse } from './engine-pulse.ts';
import { openEngine } from './open-engine.ts';
import { yieldMerges } from './yield-merges.ts';

export interface EngineConfig {
  readonly dataDir: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly token: string;
  readonly log: Log;
}

export interface Engine {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Opens the embedded engine and serves ClickHouse's HTTP protocol on 127.0.0.1. One per process, and a process of
 * its own: chdb in it can take the process down, and does not bear worker threads.
 *
 * The process must be started with the variables of ENGINE_ENV: every statement blocks one libuv thread while
 * it runs, and Node's own four would let fewer run than the lanes admit, and no file be written beside them.
 * @throws PipelineError data_dir_locked, data_dir_unwritable, port_taken, config_invalid, store_unavailable
 */
export async function startEngine(config: EngineConfig): Promise<Engine> {
  const enginePath = resolve(config.dataDir, 'engine');
  const bodiesPath = resolve(config.dataDir, 'engine-tmp');
  const holder = await openEngine(enginePath);
  const closing = new AbortController();
  const parts: EngineParts = {
    enginePath,
    bodiesPath,
    token: config.token,
    tableFunctions: tableFunctions(holder),
    lanes: {
      bulk: new EngineLane({ name: 'batch', ...LANES.bulk }),
      few: new EngineLane({ name: 'small batch', ...LANES.few }),
      write: new EngineLane({ name: 'writing', ...LANES.write }),
      urgent: new EngineLane({ name: 'urgent', ...LANES.urgent }),
      read: new EngineLane({ name: 'reading', ...LANES.read }),
      guest: new EngineLane({ name: 'read-only', ...LANES.guest }),
    },
    log: config.log,
    closing: closing.signal,
    onFailure: (error) => void feelPulse(holder, error, crash),
  };
  // Only now: the bodies of an engine that still runs here would be gone.
  await rm(bodiesPath, { recursive: true, force: true });
  await mkdir(bodiesPath, { recursive: true, mode: 0o700 });
  const running = new Set<Promise<void>>();
  const merges = yieldMerges();
  const server = createServer((request, response) => {
    const answer = handleEngineRequest(parts, request, response).finally(() => running.delete(answer));
    running.add(answer);
  });
  try {
    const port = await listen(server, config.port);
    return { port, close: () => closeEngine({ server, holder, running, closing, merges }) };
  } catch (error) {
    merges.stop();
    holder.close();
    throw error;
  }
}

/**
 * Statements at a time and in line. Batches of rows come in one after the other, whatever their table: each takes a core
 * and up to 400 MB, and merges want both too; two at a time store no more a second (2 cores). Small ones wait neither
 * for these nor for one of another table: spans waited for up to two seconds behind a few points of metrics. What the
 * judge and the gate write is small, and must not wait behind them. What a gate turns by does not stand in line behind
 * the twenty other readings of a judge.
 */
const LANES = {
  bulk: { slots: 1, queueMax: 64 },
  few: { slots: 2, queueMax: 64 },
  write: { slots: 2, queueMax: 64 },
  urgent: { slots: 2, queueMax: 64 },
  read: { slots: 4, queueMax: 256 },
  guest: { slots: 4, queueMax: 64 },
} as const;

function tableFunctions(session: Session): ReadonlySet<string> {
  const names = session.query('SELECT name FROM system.table_functions', 'TabSeparated').trim().split('\n');
  return new Set(names.map((name) => name.toLowerCase()));
}

/** Outside of every promise, so that no handler keeps a dead engine's process alive. */
function crash(reason: Error): void {
  setImmediate(() => {
    throw reason;
  });
}

/** How long a closing engine waits for callers before it hangs up; reads then end, writes are waited for. */
const CLOSE_GRACE_MS = 3_000;

/** Lets running statements end: an engine that is closed under one takes the process down with it. */
async function closeEngine(engine: {
  server: Server;
  holder: Session;
  running: ReadonlySet<Promise<void>>;
  closing: AbortController;
  merges: { stop(): void };
}): Promise<void> {
  engine.merges.stop();
  engine.closing.abort();
  const closed = new Promise((done) => engine.server.close(done));
  const hangUp = setTimeout(() => engine.server.closeAllConnections(), CLOSE_GRACE_MS);
  await Promise.all(engine.running);
  clearTimeout(hangUp);
  engine.server.closeAllConnections();
  await closed;
  await drainPending();
  engine.holder.close();
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new PipelineError(
      'port_taken',
      `Port ${port} is taken by another process; stop it, or set PLUMBLINE_CLICKHOUSE_PORT to a free port.`,
      { port, variable: 'PLUMBLINE_CLICKHOUSE_PORT' },
      error,
    );
  }
  return (server.address() as AddressInfo).port;
}
