import { setTimeout as sleep } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { readRows } from '../../store/read-rows.ts';

const GIVE_UP_MS = 120_000;

export async function spanCount(store: ClickHouseClient): Promise<number> {
  const sql = 'SELECT count() AS n FROM otel_traces';
  const [row] = await readRows<{ n: string }>(store, { sql, params: {}, about: 'the number of spans' });
  return Number(row?.n);
}

/** Waits until so many spans are stored. @throws Error when they do not come, or more than that do */
export async function untilStored(store: ClickHouseClient, spans: number): Promise<void> {
  const startedAt = performance.now();
  for (let there = await spanCount(store); there !== spans; there = await spanCount(store)) {
    if (there > spans) throw new Error(`${there} spans are stored where ${spans} were acknowledged`);
    if (performance.now() - startedAt > GIVE_UP_MS) throw new Error(`${there} of ${spans} spans are stored`);
    await sleep(50);
  }
}
