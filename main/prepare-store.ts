import { setTimeout as sleep } from 'node:timers/promises';
import { PipelineError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { migrate } from '../store/migrate.ts';
import { storeFailure } from '../store/store-failure.ts';
import { backOffMs } from './back-off.ts';
import type { Config } from './config.ts';
import { connectStore } from './connect-store.ts';

/** An engine of ours that said it is ready answers at once; this long covers one crash and restart of it. */
const EMBEDDED_TRIES = 8;
/** A ClickHouse elsewhere may be down for hours: ingest must not wait for it, the spool holds what comes. */
const ELSEWHERE_TRIES = 3;

function clusterOf({ clickhouseCluster }: Config): { cluster?: string } {
  return clickhouseCluster === undefined ? {} : { cluster: clickhouseCluster };
}

/** Tries to bring the tables up to date; false when the store did not answer in any of the tries. */
async function tryMigrating(config: Config, tries: number, signal: AbortSignal): Promise<boolean> {
  const client = await connectStore(config);
  try {
    for (let attempt = 0; attempt < tries; attempt++) {
      if (attempt > 0) await sleep(backOffMs(attempt - 1), undefined, { signal });
      const answered = await client.ping({ select: true });
      if (!answered.success) continue;
      try {
        await migrate(client, clusterOf(config));
        return true;
      } catch (error) {
        const failure = storeFailure(error, 'bring the tables up to date');
        if (failure.code !== 'store_unavailable') throw failure;
      }
    }
    return false;
  } finally {
    await client.close();
  }
}

/**
 * Brings the tables up to date before anything writes. A ClickHouse elsewhere that does not answer is tried
 * again in the background until `signal` aborts, and the start goes on.
 * @throws PipelineError store_unavailable when the embedded engine does not answer, store_refused when a
 *   migration fails
 */
export async function prepareStore(config: Config, log: Log, signal: AbortSignal): Promise<void> {
  if (config.clickhouseUrl === undefined) {
    if (await tryMigrating(config, EMBEDDED_TRIES, signal)) return;
    const text = `The embedded engine does not answer on port ${config.clickhousePort}; the lines above say why.`;
    throw new PipelineError('store_unavailable', text, { port: config.clickhousePort });
  }
  if (await tryMigrating(config, ELSEWHERE_TRIES, signal)) return;
  const where = new URL(config.clickhouseUrl).host;
  log.warn(
    { where },
    'ClickHouse does not answer. What arrives is kept in the spool until it does; check CLICKHOUSE_URL.',
  );
  void keepTrying(config, log, signal);
}

async function keepTrying(config: Config, log: Log, signal: AbortSignal): Promise<void> {
  try {
    while (!(await tryMigrating(config, ELSEWHERE_TRIES, signal)))
      await sleep(backOffMs(10), undefined, { signal });
    log.info({}, 'ClickHouse answers and its tables are up to date.');
  } catch (error) {
    if (!signal.aborted)
      log.error({ error }, 'The tables could not be brought up to date; the start must be repeated.');
  }
}
