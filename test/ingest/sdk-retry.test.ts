import { randomBytes } from 'node:crypto';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createStoreClient } from '../../store/client.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { exportProtobuf } from './export-body.ts';
import { call, METHODS } from './grpc/call.ts';
import { post } from './http/post.ts';
import { countsOf } from './rows-of.ts';
import { PROTOCOLS, runSdk, storedCounts } from './run-sdk.ts';
import { startTestIngest, type TestIngest } from './start-test-ingest.ts';
import { StoreGate } from './store-gate.ts';

const WHOLE = { spans: 500, logs: 40, sums: 1, gauges: 1, histograms: 1 };
const NOTHING = { spans: 0, logs: 0, sums: 0, gauges: 0, histograms: 0 };

let engine: TestEngine;
let gate: StoreGate;
let ingest: TestIngest;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: [] });
  gate = await StoreGate.to(engine.url);
});
beforeEach(async () => {
  const client = createStoreClient({ url: gate.url, token: engine.token });
  ingest = await startTestIngest({ bodyBytesMax: 1_000_000, spoolBytesMax: 2_000_000 }, client);
});
afterEach(async () => {
  await ingest[Symbol.asyncDispose]();
  await gate.shut();
});
afterAll(() => engine.close());

const stored = () =>
  expect.poll(() => ingest.metric('plumbline.ingest.spool.records'), { timeout: 10_000 }).toBe(0);
const refusedCount = () => ingest.metric('plumbline.ingest.requests', { outcome: 'spool_full' });

/** Until not even a request of one record finds room. @returns how many requests were refused for it */
async function fillSpool(): Promise<number> {
  for (let bytes = 400_000; bytes > 100; bytes = Math.floor(bytes / 2)) {
    for (let status = 200; status === 200; ) {
      const body = exportProtobuf('logs', { padding: randomBytes(bytes).toString('hex') });
      const headers = { 'content-type': 'application/x-protobuf' };
      ({ status } = await post(ingest.httpUrl, { path: '/v1/logs', headers, body }));
    }
  }
  return refusedCount();
}

describe('a client that is refused because the spool is full', () => {
  it.each(['http/protobuf', 'http/json'])(
    '36-38: the SDK by %s waits as told and sends again: everything is stored exactly once',
    async (protocol) => {
      const service = `refused ${protocol}`;
      const before = await fillSpool();
      const running = runSdk(ingest, { protocol, service });
      await expect.poll(refusedCount, { timeout: 10_000 }).toBeGreaterThan(before);
      expect(await storedCounts(engine.client, service)).toEqual(NOTHING);
      await gate.open();
      expect(await running).toEqual({ code: 0, complaints: '' });
      await stored();
      expect(await storedCounts(engine.client, service)).toEqual(WHOLE);
    },
  );

  it('39, 42: a gRPC client with a retry policy for UNAVAILABLE sends again: stored exactly once', async () => {
    const before = await fillSpool();
    const retryPolicy = {
      maxAttempts: 5,
      initialBackoff: '0.1s',
      maxBackoff: '2s',
      backoffMultiplier: 3,
      retryableStatusCodes: ['UNAVAILABLE'],
    };
    const client = new Client(ingest.grpcUrl, credentials.createInsecure(), {
      'grpc.service_config': JSON.stringify({ methodConfig: [{ name: [{}], retryPolicy }] }),
    });
    const body = exportProtobuf('traces', { valid: 20, padding: 'by grpc' });
    const answered = call(client, METHODS.traces, { body });
    await expect.poll(refusedCount, { timeout: 10_000 }).toBeGreaterThan(before);
    await gate.open();
    expect(await answered).toMatchObject({ code: 0 });
    client.close();
    await stored();
    const counts = await countsOf(engine.client, { table: 'otel_traces', column: 'SpanName' });
    expect(counts.get('GET /by grpc')).toBe(20);
  });

  it('39: the SDK by gRPC, which never sends again, says so, and nothing of it is stored by half', async () => {
    const service = 'refused grpc';
    const before = await fillSpool();
    const ran = await runSdk(ingest, { protocol: 'grpc', service });
    expect(ran.complaints).toContain('UNAVAILABLE');
    expect(await refusedCount()).toBe(before + 3);
    await gate.open();
    await stored();
    expect(await storedCounts(engine.client, service)).toEqual(NOTHING);
    expect(await runSdk(ingest, { protocol: 'grpc', service })).toEqual({ code: 0, complaints: '' });
    await stored();
    expect(await storedCounts(engine.client, service)).toEqual(WHOLE);
  });
});

describe('a client some of whose records are rejected', () => {
  it.each(PROTOCOLS)(
    '26, 29, 32: the SDK by %s learns how many, does not send them again, and their neighbours are stored',
    async (protocol) => {
      await gate.open();
      const service = `partly ${protocol}`;
      const env = { INVALID_EVERY: '10' };
      const { code, complaints } = await runSdk(ingest, { protocol, service, env });
      expect(code).toBe(0);
      expect(complaints).toMatch(/Partial Success.*"rejectedSpans":"?50"?/);
      expect(complaints).toMatch(/Partial Success.*"rejectedLogRecords":"?4"?/);
      await stored();
      expect(await storedCounts(engine.client, service)).toEqual({ ...WHOLE, spans: 450, logs: 36 });
      expect(await ingest.metric('plumbline.ingest.requests')).toBe(3);
      expect(await ingest.metric('plumbline.ingest.rejected')).toBe(54);
    },
  );
});
