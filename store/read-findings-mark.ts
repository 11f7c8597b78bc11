import type { ClickHouseClient } from '@clickhouse/client';
import { readRows } from './read-rows.ts';

/** An opaque text that changes whenever a finding was written: same text, nothing new to read. @throws PipelineError store_unavailable */
export async function readFindingsMark(client: ClickHouseClient): Promise<string> {
  const [row] = await readRows<{ mark: string }>(client, {
    sql: "SELECT concat(toString(count()), '/', toString(max(UpdatedAt))) AS mark FROM findings",
    params: {},
    about: 'a mark of findings',
    isUrgent: true,
  });
  return row?.mark ?? '';
}
