import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ClickHouseClient, drainStream } from '@clickhouse/client';
import { sqlName } from './sql-text.ts';
import { storeFailure } from './store-failure.ts';
import { STRICT_ROWS } from './write-rows.ts';

type Row = Readonly<Record<string, unknown>>;

/** About a millisecond of writing JSON. */
const ROWS_A_TURN = 50;

/**
 * Inserts many rows as objects, in one insert, written a few to a turn of the event loop: for threads that have other
 * work which cannot wait.
 * @throws PipelineError store_unavailable, store_refused
 */
export async function streamRows<Item>(
  client: ClickHouseClient,
  table: string,
  rows: { readonly items: readonly Item[]; readonly rowOf: (item: Item) => Row },
): Promise<void> {
  const { length } = rows.items;
  if (length === 0) return;
  try {
    const { stream } = await client.exec({
      query: `INSERT INTO ${sqlName(table)} FORMAT JSONEachRow`,
      values: Readable.from(textsOf(rows), { objectMode: false }),
      clickhouse_settings: STRICT_ROWS,
    });
    await drainStream(stream);
  } catch (error) {
    throw storeFailure(error, `insert ${length} rows into ${table}`, { table, rowCount: length });
  }
}

async function* textsOf<Item>({
  items,
  rowOf,
}: {
  items: readonly Item[];
  rowOf: (item: Item) => Row;
}): AsyncGenerator<string> {
  for (let i = 0; i < items.length; i += ROWS_A_TURN) {
    const some = items.slice(i, i + ROWS_A_TURN);
    yield `${some.map((item) => JSON.stringify(rowOf(item))).join('\n')}\n`;
    await nextTurn();
  }
}
