import { connect } from 'node:net';
import type { Config } from '../config.ts';
import type { Serving } from '../data-dir.ts';
import { listenBriefly } from '../listen-briefly.ts';
import { localUrl } from '../local-url.ts';
import { type RolePort, rolePorts } from '../role-ports.ts';
import { variableOf } from '../settings.ts';
import { type Check, fail, ok } from './check.ts';

const CONNECT_TIMEOUT_MS = 1_000;

function answers({ host, port }: RolePort): Promise<boolean> {
  const reachable = new URL(localUrl(host, port)).hostname.replaceAll(/[[\]]/g, '');
  return new Promise((resolve) => {
    const socket = connect({ host: reachable, port, timeout: CONNECT_TIMEOUT_MS });
    const end = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

/** Every port of the configured roles: answering when a server runs here, free when none does. */
export function checkPorts(config: Config, serving: Serving | null): Promise<Check[]> {
  return Promise.all(
    rolePorts(config, serving?.ports ?? config).map((rolePort) =>
      serving === null ? checkFree(rolePort) : checkAnswers(rolePort, serving.pid),
    ),
  );
}

async function checkAnswers(rolePort: RolePort, pid: number): Promise<Check> {
  const name = `port ${rolePort.port}`;
  if (await answers(rolePort)) return ok(name, `${rolePort.what} answers (pid ${pid})`);
  const todo = 'see the lines the server wrote; it starts a failed role again';
  return fail(name, `${rolePort.what} does not answer`, todo);
}

async function checkFree({ key, what, host, port }: RolePort): Promise<Check> {
  const name = port === 0 ? 'port' : `port ${port}`;
  const todo = `stop what listens there, or set ${variableOf(key)}`;
  try {
    if ((await listenBriefly(host, port)) !== null) return ok(name, `free for ${what}`);
    return fail(name, `taken, and wanted for ${what}`, todo);
  } catch (error) {
    return fail(name, (error as Error).message, 'correct the configuration');
  }
}
