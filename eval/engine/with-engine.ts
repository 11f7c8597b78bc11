import type { ClickHouseClient } from '@clickhouse/client';
import { startServer } from '../../bench/processes/start-server.ts';

/** Does `work` with the store of `plumbline serve`, with all its tables and nothing in them. */
export async function withEngine<Result>(
  work: (client: ClickHouseClient) => Promise<Result>,
): Promise<Result> {
  const server = await startServer(['store']);
  try {
    return await work(server.store);
  } finally {
    await server.stop();
  }
}

/** Where virtual time begins: a whole hour ahead, as the tables forget what is older than they keep. */
export function virtualStartMs(): number {
  return (Math.floor(Date.now() / 3_600_000) + 1) * 3_600_000;
}
