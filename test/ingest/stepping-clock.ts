import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { createStoreClient } from '../../store/client.ts';
import { startTestEngine } from '../engine-process.ts';
import { Load } from './load.ts';
import { startTestIngest } from './start-test-ingest.ts';
import { StoreGate } from './store-gate.ts';

export const HOUR_MS = 3_600_000;
const COMPLAINT = 'Rows wait in the spool';

/** Requests that are on their way to a store that keeps up; the senders go on meanwhile, so there is no zero to wait for. */
const IN_FLIGHT_MAX = 500;

/**
 * The wall clock steps by an hour and two under load, and at each step the store loses answers and then goes away
 * for a moment: batches leave by their age as before, nothing is stored twice, the writer says what is wrong, and no
 * age is negative or an hour.
 */
export async function steppingClock({
  stepsMs,
  msPerStep,
}: {
  /** How far the clock is off, one after the other. */
  stepsMs: readonly number[];
  msPerStep: number;
}): Promise<void> {
  let offsetMs = 0;
  const engine = await startTestEngine({ migrate: true, tallies: ['tally_source'] });
  const gate = await StoreGate.to(engine.url);
  await gate.open();
  const ingest = await startTestIngest(
    { batchAgeMsMax: 50, drainMsMax: 10_000 },
    createStoreClient({ url: gate.url, token: engine.token }),
    { now: () => Date.now() + offsetMs },
  );
  const load = new Load(() => ingest, { pauseMs: 5 });
  const newest = async () => {
    const result = await engine.client.query({
      query: 'SELECT toUnixTimestamp64Milli(max(ReceivedAt)) - {now:Int64} AS ms FROM otel_logs',
      query_params: { now: Date.now() },
      format: 'JSONEachRow',
    });
    const [row] = await result.json<{ ms: string }>();
    return Number(row?.ms);
  };
  try {
    for (const [step, stepMs] of stepsMs.entries()) {
      offsetMs = stepMs;
      await gate.change({ losesAnswers: true });
      await sleep(msPerStep / 2);
      await gate.shut();
      const told = () => ingest.complaints.filter((line) => line.includes(COMPLAINT)).length;
      await expect.poll(told, { timeout: 5_000 }).toBeGreaterThanOrEqual(step + 1);
      await sleep(msPerStep / 2);
      const ageS = await ingest.metric('plumbline.ingest.batch.age', { signal: 'logs' });
      expect(ageS).toBeGreaterThanOrEqual(0);
      expect(ageS).toBeLessThan(msPerStep / 1_000 + 20);
      await gate.open();
      await expect
        .poll(() => ingest.metric('plumbline.ingest.spool.records'), { timeout: 60_000 })
        .toBeLessThan(IN_FLIGHT_MAX);
    }
    await load.stop();
    expect(load.refusedCount).toEqual({ http: 0, grpc: 0 });
    const waiting = () => ingest.metric('plumbline.ingest.spool.records');
    await expect.poll(waiting, { timeout: 30_000 }).toBe(0); // rows show before their tallies do
    await load.expectWholeAndOnce(engine.client);
    await load.expectNothingElse(engine.client);
    expect(await newest()).toBeGreaterThan(HOUR_MS / 2); // the clock that was told is the one that is stored
  } finally {
    await load.end();
    await ingest[Symbol.asyncDispose]();
    await gate.shut();
    await engine.close();
  }
}
