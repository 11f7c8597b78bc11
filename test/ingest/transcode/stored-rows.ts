import type { NativeInsert } from '../../../core/native-insert.ts';
import { insertNative } from '../../../store/insert-native.ts';
import type { TestEngine } from '../../engine-process.ts';

let inserts = 0;

/**
 * Inserts sealed chunks into the migrated tables of a real engine and reads one tenant's rows back, by table.
 * Times come as text of nanoseconds (ReceivedAt: milliseconds), 64-bit integers as text, maps as sorted pairs.
 */
export async function storedRows(
  engine: TestEngine,
  sealed: readonly NativeInsert[],
  tenant: string,
): Promise<Record<string, object[]>> {
  const rows: Record<string, object[]> = {};
  for (const insert of sealed) {
    await insertNative(engine.client, insert, `test-${inserts++}`);
    rows[insert.table] = await read(engine, insert, tenant);
  }
  return rows;
}

async function read(engine: TestEngine, insert: NativeInsert, tenant: string): Promise<object[]> {
  const described = await engine.client.query({
    query: `DESCRIBE TABLE ${insert.table}`,
    format: 'JSONEachRow',
  });
  const types = new Map(
    (await described.json<{ name: string; type: string }>()).map(({ name, type }) => [name, type]),
  );
  const columns = insert.columns.map(
    (name) => `${readable(`t.\`${name}\``, types.get(name) ?? '')} AS \`${name}\``,
  );
  const result = await engine.client.query({
    query: `SELECT ${columns.join(', ')} FROM ${insert.table} AS t WHERE t.Tenant = {tenant:String}
      SETTINGS output_format_json_quote_64bit_integers = 1, output_format_json_quote_denormals = 1`,
    query_params: { tenant },
    format: 'JSONEachRow',
  });
  return result.json<object>();
}

/** An expression that loses nothing on its way through JSON. */
function readable(column: string, type: string): string {
  if (type.startsWith('DateTime64(9')) return `toUnixTimestamp64Nano(${column})`;
  if (type.startsWith('DateTime64(3')) return `toUnixTimestamp64Milli(${column})`;
  if (type.startsWith('Array(DateTime64')) return `arrayMap(x -> toUnixTimestamp64Nano(x), ${column})`;
  if (type.startsWith('Map(')) return `arrayZip(mapKeys(${column}), mapValues(${column}))`;
  if (type.startsWith('Array(Map(')) return `arrayMap(x -> arrayZip(mapKeys(x), mapValues(x)), ${column})`;
  return column;
}

/** Rows in an order of their own, so that two sets of them can be compared. */
export function inOrder(rows: readonly object[]): object[] {
  const keyed = rows.map((row) => {
    const sorted = Object.fromEntries(Object.entries(row).sort(([left], [right]) => (left < right ? -1 : 1)));
    return { key: JSON.stringify(sorted), row: sorted };
  });
  return keyed
    .sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ row }) => row);
}
