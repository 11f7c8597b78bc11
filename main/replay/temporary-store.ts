import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { keepForGood } from '../../store/keep-for-good.ts';
import { parseConfig } from '../config.ts';
import { connectStore } from '../connect-store.ts';
import { createLog } from '../create-log.ts';
import { takeDataDir } from '../data-dir.ts';
import { withFreePorts } from '../free-ports.ts';
import { prepareStore } from '../prepare-store.ts';
import { roleScripts } from '../role-scripts.ts';
import { createSupervisor } from '../supervisor.ts';

export interface TemporaryStore {
  readonly client: ClickHouseClient;
  /** Where files may lie until they are stored; the engine reads them by name. */
  readonly folder: string;
  close(): Promise<void>;
}

/**
 * An engine of its own in a temporary folder, with all tables and none of their forgetting: what is replayed may be old.
 * Nothing of this machine's configuration is read and nothing of a running server touched.
 * @throws PipelineError why the engine cannot start
 */
export async function openTemporaryStore(env: NodeJS.ProcessEnv): Promise<TemporaryStore> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-replay-'));
  const settings = {
    PLUMBLINE_ROLES: 'store',
    PLUMBLINE_DATA_DIR: folder,
    PLUMBLINE_LOG_LEVEL: 'warn',
    ...Object.fromEntries(
      ['CLICKHOUSE', 'OTLP_GRPC', 'OTLP_HTTP', 'API'].map((port) => [`PLUMBLINE_${port}_PORT`, '0']),
    ),
  };
  const config = await withFreePorts(parseConfig({ env: settings, fileText: null, folder }));
  const lock = takeDataDir(folder);
  const log = createLog('replay', config.logLevel);
  const supervisor = createSupervisor({ scripts: roleScripts(config, env), log, now: Date.now });
  const stopping = new AbortController();
  const stop = async () => {
    stopping.abort();
    await supervisor.stop();
    lock.release();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    await supervisor.start({ config, instanceId: 'replay' }, () =>
      prepareStore(config, log, stopping.signal),
    );
    const client = await connectStore(config);
    await keepForGood(client);
    return {
      client,
      folder,
      close: async () => {
        await client.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
