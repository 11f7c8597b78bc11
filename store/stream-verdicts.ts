import { text } from 'node:stream/consumers';
import type { ClickHouseClient } from '@clickhouse/client';
import { toClickhouseTime } from './clickhouse-time.ts';
import { URGENT_PRIORITY } from './query-priority.ts';
import { storeFailure } from './store-failure.ts';
import { VERDICT_ROW_COLUMNS, VerdictRows } from './verdict-rows.ts';
import { VERDICT_KEY } from './verdicts.ts';

/** How many verdicts were made at each time; a time whose count differs from what was seen has news. */
export type VerdictTimes = ReadonlyMap<string, number>;

/** Of every time from `sinceMs` on, as ClickHouse writes it. Cheap: no verdict is read. @throws PipelineError store_unavailable */
export async function readVerdictTimes(client: ClickHouseClient, sinceMs: number): Promise<VerdictTimes> {
  try {
    // Several times a second: rows as objects, one by one through a stream, would cost more than all the rest of it.
    const { stream } = await client.exec({
      query: `SELECT EvaluatedAt, count() FROM verdicts
        WHERE EvaluatedAt >= {since:DateTime64(3, 'UTC')} GROUP BY EvaluatedAt ORDER BY EvaluatedAt FORMAT TabSeparated`,
      query_params: { since: toClickhouseTime(sinceMs) },
      clickhouse_settings: { wait_end_of_query: 1, priority: URGENT_PRIORITY },
    });
    const lines = (await text(stream)).split('\n').slice(0, -1);
    return new Map(
      lines.map((line) => {
        const [at = '', count] = line.split('\t');
        return [at, Number(count)];
      }),
    );
  } catch (error) {
    throw storeFailure(error, 'read times of verdicts');
  }
}

/** Of more than these the newest of each is asked for: finding out which those are costs the store twice the reading. */
const ROWS_MANY = 20_000;
const TIMES_MANY = 50;

/**
 * Verdicts made at these times, of every source and dimension the newest among them, a chunk off the wire at once: all
 * that came of it are there to be stepped through before the next is asked for. Between two chunks the event loop turns,
 * so that thousands hold up nobody. Of few there may be older ones as well, and of many also some that were made between.
 * @throws PipelineError store_unavailable
 */
export async function* streamVerdicts(
  client: ClickHouseClient,
  news: VerdictTimes,
): AsyncGenerator<VerdictRows> {
  const times = [...news.keys()];
  const rowCount = [...news.values()].reduce((sum, count) => sum + count, 0);
  const isMany = rowCount > ROWS_MANY || times.length > TIMES_MANY;
  try {
    const { stream } = await client.exec({
      query: `SELECT ${VERDICT_ROW_COLUMNS} FROM verdicts WHERE ${isMany ? newestOf(BETWEEN) : AT_TIMES} FORMAT RowBinary`,
      query_params: isMany ? { first: times[0], last: times.at(-1) } : { times },
      // Else what fails half way is told behind the rows, as if it were one.
      clickhouse_settings: { wait_end_of_query: 1, priority: URGENT_PRIORITY },
    });
    const rows = new VerdictRows();
    for await (const chunk of stream) {
      rows.push(chunk as Buffer);
      release(chunk as Buffer);
      yield rows;
      // Chunks that have arrived already would follow each other within one turn.
      await new Promise((resume) => setImmediate(resume));
    }
    if (!rows.isAtEnd) throw new Error('the answer ends within a verdict');
  } catch (error) {
    throw storeFailure(error, 'read verdicts');
  }
}

const AT_TIMES = "EvaluatedAt IN {times:Array(DateTime64(3, 'UTC'))}";
const BETWEEN = "EvaluatedAt BETWEEN {first:DateTime64(3, 'UTC')} AND {last:DateTime64(3, 'UTC')}";

/** As at a start: each was renewed a hundred times within ten minutes. */
function newestOf(within: string): string {
  return `${within} AND (EvaluatedAt, ${VERDICT_KEY}) IN (SELECT max(EvaluatedAt), ${VERDICT_KEY} FROM verdicts WHERE ${within} GROUP BY ${VERDICT_KEY})
    ORDER BY EvaluatedAt LIMIT 1 BY ${VERDICT_KEY}`;
}

/**
 * Gives the memory of a chunk back, which nobody else holds. Megabytes a second left for the garbage collector would have
 * it walk the whole heap every few seconds.
 */
function release({ buffer, byteLength }: Buffer): void {
  // What is part of a larger piece is not ours alone.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
