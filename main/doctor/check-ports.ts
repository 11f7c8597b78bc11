import { connect, createServer } from 'node:net';
import type { Config } from '../config.ts';
import { ENGINE_HOST } from '../connect-store.ts';
import type { Serving } from '../data-dir.ts';
import { type Role, variableOf } from '../settings.ts';
import { type Check, fail, ok } from './check.ts';

const CONNECT_TIMEOUT_MS = 1_000;

const PORTS = [
  { key: 'otlpGrpcPort', role: 'ingest', what: 'OTLP/gRPC' },
  { key: 'otlpHttpPort', role: 'ingest', what: 'OTLP/HTTP' },
  { key: 'apiPort', role: 'api', what: 'API' },
  { key: 'clickhousePort', role: 'store', what: 'ClickHouse' },
] as const satisfies readonly { key: keyof Serving['ports']; role: Role; what: string }[];

function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** Every port of the configured roles: answering when a server runs here, free when none does. */
export function checkPorts(config: Config, serving: Serving | null): Promise<Check[]> {
  const used = PORTS.filter(({ role }) => config.roles.includes(role));
  return Promise.all(
    used.map(async ({ key, what }): Promise<Check> => {
      const host = key === 'clickhousePort' ? ENGINE_HOST : config.host;
      const port = (serving?.ports ?? config)[key];
      const name = `port ${port}`;
      if (serving !== null) {
        const reachable = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
        if (await connects(reachable, port)) return ok(name, `${what} answers (pid ${serving.pid})`);
        return fail(
          name,
          `${what} does not answer`,
          'see the lines the server wrote; it starts a failed role again',
        );
      }
      if (await isFree(host, port)) return ok(name, `free for ${what}`);
      return fail(
        name,
        `taken, and wanted for ${what}`,
        `stop what listens there, or set ${variableOf(key)}`,
      );
    }),
  );
}
