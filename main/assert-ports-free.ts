import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../core/errors.ts';
import type { Config } from './config.ts';
import { isDirectoryLocked } from './directory-lock.ts';
import { listenBriefly } from './listen-briefly.ts';
import { rolePorts } from './role-ports.ts';
import { variableOf } from './settings.ts';

const LOOK_AGAIN_MS = 50;
/** Roles of a killed supervisor end by themselves within moments; longer means that something is wrong. */
const OLDER_ROLES_MS = 10_000;

function olderRolesLive({ dataDir, roles }: Config): boolean {
  return roles.some((role) => isDirectoryLocked(join(dataDir, 'locks', role)));
}

/**
 * Looks at every port before anything is started: the commonest failure of a start is then told at once, and
 * nothing has to be stopped again. Ports held by our own older roles, whose supervisor was killed, are waited for.
 * @throws PipelineError port_taken, config_invalid
 */
export async function assertPortsFree(config: Config): Promise<void> {
  const giveUpAtMs = performance.now() + OLDER_ROLES_MS;
  for (const { key, host, port } of rolePorts(config, config)) {
    while ((await listenBriefly(host, port)) === null) {
      if (!olderRolesLive(config) || performance.now() > giveUpAtMs) {
        const variable = variableOf(key);
        const text = `Port ${port} on ${host} is taken: stop what listens there, or set ${variable} to another port.`;
        throw new PipelineError('port_taken', text, { port, variable });
      }
      await sleep(LOOK_AGAIN_MS);
    }
  }
}
