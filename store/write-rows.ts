import type { ClickHouseClient } from '@clickhouse/client';
import { storeFailure } from './store-failure.ts';

/** A null where none may be is a fault of ours to be seen, not a zero to be stored. */
export const STRICT_ROWS = { input_format_null_as_default: 0, input_format_skip_unknown_fields: 0 } as const;

/**
 * Inserts a few rows as objects; a column that is left out takes its default, one that the table does not have is
 * an error. Telemetry goes by insertNative instead.
 * @throws PipelineError store_unavailable, store_refused
 */
export async function writeRows(
  client: ClickHouseClient,
  table: string,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  if (rows.length === 0) return;
  try {
    await client.insert({
      table,
      values: [...rows],
      format: 'JSONEachRow',
      clickhouse_settings: STRICT_ROWS,
    });
  } catch (error) {
    throw storeFailure(error, `insert ${rows.length} rows into ${table}`, { table, rowCount: rows.length });
  }
}
