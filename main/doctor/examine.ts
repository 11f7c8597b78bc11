import type { PipelineError } from '../../core/errors.ts';
import { type Config, readConfig } from '../config.ts';
import { readServing } from '../data-dir.ts';
import { serverAddresses } from '../server-addresses.ts';
import { type Check, fail, ok } from './check.ts';
import { checkClock } from './check-clock.ts';
import { checkConstraints } from './check-constraints.ts';
import { checkDataDir } from './check-data-dir.ts';
import { checkKeys } from './check-keys.ts';
import { checkMachine, checkNode } from './check-node.ts';
import { checkPorts } from './check-ports.ts';
import { checkQueue } from './check-queue.ts';
import { checkRoles } from './check-roles.ts';
import { checkSpool } from './check-spool.ts';
import { checkStore } from './check-store.ts';
import { readMetrics } from './read-metrics.ts';

/** Looks at everything that can be looked at; a broken configuration leaves only the machine. */
export async function examine(): Promise<Check[]> {
  const machine = [checkNode(), checkMachine(), await checkClock()];
  let config: Config;
  try {
    config = readConfig(process.env, process.cwd());
  } catch (error) {
    const text = (error as PipelineError).message;
    return [...machine, fail('configuration', text, 'correct the environment or plumbline.yaml')];
  }
  const serving = readServing(config.dataDir);
  const server =
    serving === null
      ? ok('server', 'not running here; start one with "npm start"')
      : ok('server', `runs since ${serving.startedAt} (pid ${serving.pid})`);
  const asServed = { ...config, ...serving?.ports };
  // Without a server of ours the embedded store is not there to be asked.
  const hasStore = serving !== null || config.clickhouseUrl !== undefined;
  return [
    ...machine,
    ok('configuration', `roles ${config.roles.join(', ')}; data in ${config.dataDir}`),
    checkKeys(config),
    ...checkDataDir(config.dataDir),
    ...checkConstraints(config.constraints, Date.now()),
    server,
    ...(await checkPorts(config, serving)),
    ...(hasStore ? await checkStore(asServed) : []),
    ...(await checkQueue(asServed)),
    ...(serving === null ? [] : await checkRunning(asServed)),
  ];
}

/** What only the running server knows. */
async function checkRunning(config: Config): Promise<Check[]> {
  if (!config.roles.includes('api')) return [];
  const samples = await readMetrics(serverAddresses(config).apiUrl, config.keys[0]);
  if (samples === null) {
    return [
      fail(
        'metrics',
        'the API does not hand them out',
        'see the lines the server wrote; check PLUMBLINE_KEYS',
      ),
    ];
  }
  const spool = config.roles.includes('ingest') ? checkSpool(samples, config.spoolBytesMax) : [];
  return [...checkRoles(samples), ...spool];
}
