import { afterAll, beforeAll, expect, it } from 'vitest';
import { newCrowd } from '../../jobs/crowd.ts';
import { writeRows } from '../../store/write-rows.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { spanRow, traceIdOf } from '../store/span-row.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_source'] });
});
afterAll(() => engine.close());

it('bounds what is read only when there are more services than that, and says how many are left out', async () => {
  const nowMs = Date.now();
  const send = (service: string) =>
    spanRow({
      service,
      traceId: traceIdOf(1),
      spanId: '00000000000000aa',
      startMs: nowMs,
      receivedMs: nowMs,
    });
  const asked = { client: engine.client, fromMs: nowMs - 600_000 };
  const crowd = newCrowd(2);
  await writeRows(engine.client, 'otel_traces', [send('a'), send('b')]);
  expect(await crowd.servicesMax({ ...asked, nowMs })).toBe(Number.POSITIVE_INFINITY);
  await writeRows(engine.client, 'otel_traces', ['c', 'd', 'e'].map(send));
  expect(await crowd.servicesMax({ ...asked, nowMs: nowMs + 30_000 })).toBe(2);
  expect(crowd.leftOutCount).toBe(3);
});
