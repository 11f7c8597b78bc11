import type { ClickHouseClient } from '@clickhouse/client';

/** What the store says about itself, for diagnosis. */
export interface StoreState {
  readonly version: string;
  /** Its wall clock. */
  readonly nowMs: number;
  readonly uptimeS: number;
  /** Migrations that were applied; 0 when the tables do not exist. */
  readonly migrationCount: number;
}

/** @throws the client's error when the store does not answer */
export async function readStoreState(client: ClickHouseClient): Promise<StoreState> {
  const own = await client.query({
    query: 'SELECT version() AS version, toUnixTimestamp64Milli(now64(3)) AS nowMs, uptime() AS uptimeS',
    format: 'JSONEachRow',
  });
  const [state] = await own.json<{ version: string; nowMs: string; uptimeS: number }>();
  if (state === undefined) throw new Error('the store answered without a row');
  return {
    version: state.version,
    nowMs: Number(state.nowMs),
    uptimeS: Number(state.uptimeS),
    migrationCount: await countMigrations(client),
  };
}

async function countMigrations(client: ClickHouseClient): Promise<number> {
  const exists = await client.query({ query: 'EXISTS TABLE schema_migrations', format: 'JSONEachRow' });
  const [row] = await exists.json<{ result: number }>();
  if (row?.result !== 1) return 0;
  const applied = await client.query({
    query: 'SELECT uniqExact(Name) AS count FROM schema_migrations',
    format: 'JSONEachRow',
  });
  const [counted] = await applied.json<{ count: string }>();
  return Number(counted?.count ?? 0);
}
