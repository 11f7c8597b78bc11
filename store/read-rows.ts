import type { ClickHouseClient } from '@clickhouse/client';
import { URGENT_PRIORITY } from './query-priority.ts';
import { storeFailure } from './store-failure.ts';

/**
 * Runs a SELECT and gives its rows as objects. 64-bit integers come as strings, times as text, NaN and infinities
 * as the strings of store/json-float.ts.
 * @param query.about what is read, for the error: `verdicts`
 * @param query.isUrgent a gate turns by it: it goes before what others read
 * @throws PipelineError store_unavailable, store_refused
 */
export async function readRows<Row>(
  client: ClickHouseClient,
  query: {
    readonly sql: string;
    readonly params: Record<string, unknown>;
    readonly about: string;
    readonly isUrgent?: boolean;
  },
): Promise<Row[]> {
  try {
    const rows = await client.query({
      query: query.sql,
      query_params: query.params,
      format: 'JSONEachRow',
      clickhouse_settings: {
        output_format_json_quote_denormals: 1,
        ...(query.isUrgent === true ? { priority: URGENT_PRIORITY } : {}),
      },
    });
    return await rows.json<Row>();
  } catch (error) {
    throw storeFailure(error, `read ${query.about}`);
  }
}
