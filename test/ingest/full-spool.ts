import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { createStoreClient } from '../../store/client.ts';
import { startTestEngine } from '../engine-process.ts';
import { Load } from './load.ts';
import { startTestIngest } from './start-test-ingest.ts';
import { StoreGate } from './store-gate.ts';

/**
 * The store is away until the spool is full, and for `fullMs` longer; then it comes back under load. Refusals tell
 * senders to come back (checked by the load), the spool never grows beyond its bound, and all goes on by itself.
 */
export async function fullSpool({
  spoolBytesMax,
  fullMs,
}: {
  spoolBytesMax: number;
  fullMs: number;
}): Promise<void> {
  const engine = await startTestEngine({ migrate: true, tallies: ['tally_source'] });
  const gate = await StoreGate.to(engine.url);
  const ingest = await startTestIngest(
    { bodyBytesMax: 100_000, spoolBytesMax, drainMsMax: 10_000 },
    createStoreClient({ url: gate.url, token: engine.token }),
  );
  const load = new Load(() => ingest, { paddingBytes: 2_000, pauseMs: 2 });
  try {
    const isFull = () => Math.min(load.refusedCount.http, load.refusedCount.grpc) > 10;
    await expect.poll(isFull, { timeout: 300_000 }).toBe(true);
    const bytes = await ingest.metric('plumbline.ingest.spool.bytes');
    expect(bytes).toBeGreaterThan(spoolBytesMax * 0.8);
    await sleep(fullMs);
    expect(await ingest.metric('plumbline.ingest.spool.bytes')).toBeLessThanOrEqual(spoolBytesMax);
    const whileFull = load.acknowledgedCount;
    await gate.open();
    await expect.poll(() => load.acknowledgedCount - whileFull, { timeout: 30_000 }).toBeGreaterThan(200);
    await load.stop();
    const refused = await ingest.metric('plumbline.ingest.requests', { outcome: 'spool_full' });
    expect(refused).toBe(load.refusedCount.http + load.refusedCount.grpc);
    await expect.poll(() => ingest.metric('plumbline.ingest.spool.records'), { timeout: 60_000 }).toBe(0);
    await load.expectWholeAndOnce(engine.client);
    await load.expectNothingElse(engine.client);
  } finally {
    await load.end();
    await ingest[Symbol.asyncDispose]();
    await gate.shut();
    await engine.close();
  }
}
