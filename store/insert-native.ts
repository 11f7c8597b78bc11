import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseError, drainStream } from '@clickhouse/client';
import { ChunksGone, type NativeInsert } from '../core/native-insert.ts';
import { FEW_ROWS_MAX, SIDE_BY_SIDE } from './few-rows.ts';
import { sqlName, sqlString } from './sql-text.ts';
import { storeFailure } from './store-failure.ts';

/**
 * One stream and fixed block sizes: the same chunks are cut into the same blocks, so that a repeated insert finds
 * the tokens of its first try, also when that one stopped half way. Skip indexes are built by the merges, which
 * read the rows anyway: 6.75 -> 5.0 µs of engine time per span at 256,000 rows.
 */
const SETTINGS = [
  'insert_deduplicate=1',
  'deduplicate_blocks_in_dependent_materialized_views=1',
  'materialize_skip_indexes_on_insert=0',
  'async_insert=0',
  'max_insert_threads=1',
  'min_insert_block_size_rows=1048576',
  'min_insert_block_size_bytes=268435456',
].join(', ');

/**
 * A view takes 15 ms however few its rows are, and there are a dozen of them: of few rows they are made side by side, so
 * that the rows are seen sooner (2,000 spans on 2 idle cores: 115 ms, not 190, for the same CPU time). Of many rows they
 * are made one after the other, as each needs memory.
 */
const OF_FEW_ROWS = `max_threads=4, ${SIDE_BY_SIDE}`;
const ONE_BY_ONE = 'max_threads=1, parallel_view_processing=0';

/** No such file, or no right to read it: FILE_DOESNT_EXIST, CANNOT_OPEN_FILE, CANNOT_STAT, DATABASE_ACCESS_DENIED. */
const FILE_UNSEEN_CODES = new Set(['107', '76', '400', '291']);
const READ_BYTES = 1_048_576;

/**
 * Inserts rows that are already ClickHouse Native blocks, once per token: a repetition adds nothing, neither to
 * the table nor to the tallies behind it.
 * @param token the same for the same rows, and for no others
 * @param options.byName the store runs on this host and may read the file itself: a fifth less CPU time a span
 * @throws PipelineError store_unavailable (try again with the same token), store_refused (these rows never fit);
 *   ChunksGone
 */
export async function insertNative(
  client: ClickHouseClient,
  insert: NativeInsert,
  token: string,
  { byName = false }: { byName?: boolean } = {},
): Promise<void> {
  const into = `INSERT INTO ${sqlName(insert.table)} (${insert.columns.map(sqlName).join(', ')})`;
  const views = insert.rowCount <= FEW_ROWS_MAX ? OF_FEW_ROWS : ONE_BY_ONE;
  const how = `SETTINGS insert_deduplication_token=${sqlString(token)}, ${SETTINGS}, ${views} FORMAT Native`;
  try {
    if (byName && (await readByStore(client, insert, { into, how }))) return;
    const { stream } = await client.exec({ query: `${into} ${how}`, values: Readable.from(bytesOf(insert)) });
    await drainStream(stream);
  } catch (error) {
    if (error instanceof ChunksGone) throw error;
    throw storeFailure(error, `insert ${insert.rowCount} rows into ${insert.table}`, {
      table: insert.table,
      rowCount: insert.rowCount,
      token,
    });
  }
}

/** False when the rows do not lie in one file, or the store does not see it after all. */
async function readByStore(
  client: ClickHouseClient,
  { file, chunks }: NativeInsert,
  { into, how }: { into: string; how: string },
): Promise<boolean> {
  if (file === null || chunks.length > 0) return false;
  try {
    await client.command({ query: `${into} FROM INFILE ${sqlString(file)} COMPRESSION 'none' ${how}` });
    return true;
  } catch (error) {
    if (error instanceof ClickHouseError && FILE_UNSEEN_CODES.has(error.code)) return false;
    throw error;
  }
}

async function* bytesOf({ file, chunks }: NativeInsert): AsyncGenerator<Uint8Array> {
  if (file !== null) {
    try {
      yield* createReadStream(file, { highWaterMark: READ_BYTES }) as AsyncIterable<Uint8Array>;
    } catch (error) {
      // Any other reason may pass by itself, and the rows are still there.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new ChunksGone(file, error);
    }
  }
  yield* chunks;
}
