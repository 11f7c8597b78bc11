import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { readRows } from './read-rows.ts';
import { sqlTokens } from './sql-tokens.ts';
import { storeFailure } from './store-failure.ts';
import { writeRows } from './write-rows.ts';

const MIGRATIONS = join(import.meta.dirname, 'migrations');

/**
 * Brings the tables up to date: runs the files of store/migrations that were not applied yet, in order of name.
 * Every statement can be repeated (IF NOT EXISTS), so a run that was cut off is simply run again, and two at once
 * do no harm.
 * @param options.cluster name of a cluster: tables are then made ON CLUSTER, with Replicated engines
 * @throws PipelineError store_unavailable, store_refused
 */
export async function migrate(client: ClickHouseClient, options: { cluster?: string } = {}): Promise<void> {
  const { cluster } = options;
  const fill = (sql: string) =>
    sql
      .replaceAll(
        '{on_cluster}',
        cluster === undefined ? '' : `ON CLUSTER '${cluster.replaceAll("'", "\\'")}'`,
      )
      .replaceAll('{replicated}', cluster === undefined ? '' : 'Replicated');
  await run(client, fill(SCHEMA_MIGRATIONS), 'schema_migrations');
  const applied = await appliedNames(client);
  for (const name of (await readdir(MIGRATIONS)).filter((file) => file.endsWith('.sql')).sort()) {
    if (applied.has(name)) continue;
    for (const statement of migrationStatements(await readFile(join(MIGRATIONS, name), 'utf8'))) {
      await run(client, fill(statement), name);
    }
    await writeRows(client, 'schema_migrations', [{ Name: name }]);
  }
}

const SCHEMA_MIGRATIONS = `CREATE TABLE IF NOT EXISTS schema_migrations {on_cluster} (
    Name      String,
    AppliedAt DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = {replicated}ReplacingMergeTree ORDER BY Name`;

async function run(client: ClickHouseClient, sql: string, name: string): Promise<void> {
  try {
    await client.command({ query: sql });
  } catch (error) {
    throw storeFailure(error, `apply migration ${name} (${sql.slice(0, 80).replaceAll('\n', ' ')}…)`, {
      name,
    });
  }
}

async function appliedNames(client: ClickHouseClient): Promise<Set<string>> {
  const sql = 'SELECT Name FROM schema_migrations FINAL';
  const rows = await readRows<{ Name: string }>(client, { sql, params: {}, about: 'schema_migrations' });
  return new Set(rows.map((row) => row.Name));
}

/** The statements of a file, without the comments before, between and after them. */
export function migrationStatements(text: string): string[] {
  const statements: string[] = [];
  let start: number | null = null;
  let end = 0;
  for (const token of sqlTokens(text)) {
    if (token.kind === 'symbol' && token.text === ';') {
      if (start !== null) statements.push(text.slice(start, end));
      start = null;
    } else {
      start ??= token.start;
      end = token.end;
    }
  }
  return start === null ? statements : [...statements, text.slice(start, end)];
}
