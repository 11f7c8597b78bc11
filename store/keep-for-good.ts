import type { ClickHouseClient } from '@clickhouse/client';
import { readRows } from './read-rows.ts';
import { sqlName } from './sql-text.ts';
import { storeFailure } from './store-failure.ts';

/** Takes the time to live off every table: for a store that lives in other times than its clock says. @throws PipelineError */
export async function keepForGood(client: ClickHouseClient): Promise<void> {
  const tables = await readRows<{ name: string }>(client, {
    sql: `SELECT name FROM system.tables WHERE database = currentDatabase() AND position(create_table_query, ' TTL ') > 0`,
    params: {},
    about: 'tables',
  });
  for (const { name } of tables) {
    try {
      await client.command({ query: `ALTER TABLE ${sqlName(name)} REMOVE TTL` });
    } catch (error) {
      throw storeFailure(error, `take the time to live off ${name}`, { table: name });
    }
  }
}
