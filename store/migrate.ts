import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';

const MIGRATIONS = join(import.meta.dirname, 'migrations');

/**
 * Brings the tables up to date: runs the files of store/migrations that were not applied yet, in order of name.
 * Every statement can be repeated (IF NOT EXISTS), so a run that was cut off is simply run again.
 * @param options.cluster name of a cluster: tables are then made ON CLUSTER, with Replicated engines
 */
export async function migrate(client: ClickHouseClient, options: { cluster?: string } = {}): Promise<void> {
  const onCluster =
    options.cluster === undefined ? '' : `ON CLUSTER '${options.cluster.replaceAll("'", "\\'")}'`;
  const replicated = options.cluster === undefined ? '' : 'Replicated';
  const fill = (sql: string) =>
    sql.replaceAll('{on_cluster}', onCluster).replaceAll('{replicated}', replicated);
  await client.command({ query: fill(SCHEMA_MIGRATIONS) });
  const applied = await appliedNames(client);
  for (const name of (await readdir(MIGRATIONS)).filter((file) => file.endsWith('.sql')).sort()) {
    if (applied.has(name)) continue;
    for (const statement of migrationStatements(await readFile(join(MIGRATIONS, name), 'utf8'))) {
      await client.command({ query: fill(statement) });
    }
    await client.insert({ table: 'schema_migrations', values: [{ Name: name }], format: 'JSONEachRow' });
  }
}

const SCHEMA_MIGRATIONS = `CREATE TABLE IF NOT EXISTS schema_migrations {on_cluster} (
    Name      String,
    AppliedAt DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {replicated}ReplacingMergeTree ORDER BY Name`;

async function appliedNames(client: ClickHouseClient): Promise<Set<string>> {
  const rows = await client.query({
    query: 'SELECT Name FROM schema_migrations FINAL',
    format: 'JSONEachRow',
  });
  return new Set((await rows.json<{ Name: string }>()).map((row) => row.Name));
}

/** Statements end with `;` at the end of a line; `--` comments are for people and stay behind. */
export function migrationStatements(text: string): string[] {
  return text
    .replace(/^\s*--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
