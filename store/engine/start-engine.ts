import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { drainPending, Session } from 'chdb';
import { PipelineError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { answerEngineRequest } from './engine-handler.ts';
import { EngineLane } from './engine-lane.ts';

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

export async function startEngine(config: EngineConfig): Promise<Engine> {
  const enginePath = resolve(config.dataDir, 'engine');
  const bodiesPath = resolve(config.dataDir, 'engine-tmp');
  await rm(bodiesPath, { recursive: true, force: true });
  await mkdir(bodiesPath, { recursive: true, mode: 0o700 });
  const holder = new Session(enginePath);
  const lanes = {
    write: new EngineLane({ name: 'writing', slots: 2, queueMax: 64 }),
    read: new EngineLane({ name: 'reading', slots: 4, queueMax: 256 }),
    guest: new EngineLane({ name: 'read-only', slots: 4, queueMax: 64 }),
  };
  const parts = { enginePath, bodiesPath, token: config.token, lanes, log: config.log };
  const server = createServer((request, response) => void answerEngineRequest(parts, request, response));
  const port = await listen(server, config.port);
  return {
    port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await drainPending();
      holder.close();
    },
  };
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
