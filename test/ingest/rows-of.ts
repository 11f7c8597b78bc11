import type { ClickHouseClient } from '@clickhouse/client';

/** How often each value of a column is there. */
export async function countsOf(
  client: ClickHouseClient,
  { table, column }: { table: string; column: string },
): Promise<Map<string, number>> {
  const query = `SELECT toString(${column}) AS value, count() AS n FROM ${table} GROUP BY value`;
  const result = await client.query({ query, format: 'JSONEachRow' });
  const rows = await result.json<{ value: string; n: string }>();
  return new Map(rows.map(({ value, n }) => [value, Number(n)]));
}
