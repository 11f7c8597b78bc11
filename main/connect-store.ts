import type { ClickHouseClient } from '@clickhouse/client';
import { createStoreClient } from '../store/client.ts';
import { readOrCreateEngineToken } from '../store/engine/engine-token.ts';
import type { Config } from './config.ts';
import { ENGINE_HOST } from './engine-host.ts';

/** A client of the store: ours with its token, or the server of CLICKHOUSE_URL with the user in that URL. */
export async function connectStore(config: Config): Promise<ClickHouseClient> {
  if (config.clickhouseUrl === undefined) {
    const token = await readOrCreateEngineToken(config.dataDir);
    return createStoreClient({ url: `http://${ENGINE_HOST}:${config.clickhousePort}`, token });
  }
  const url = new URL(config.clickhouseUrl);
  const database = url.searchParams.get('database') ?? url.pathname.slice(1);
  return createStoreClient({
    url: url.origin,
    user: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    database: database === '' ? undefined : database,
  });
}
