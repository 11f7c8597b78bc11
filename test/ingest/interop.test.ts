import { afterAll, beforeAll, expect, it } from 'vitest';
import { createStoreClient } from '../../store/client.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { PROTOCOLS, runSdk, storedCounts } from './run-sdk.ts';
import { startTestIngest, type TestIngest } from './start-test-ingest.ts';

let engine: TestEngine;
let ingest: TestIngest;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: [] });
  ingest = await startTestIngest({}, createStoreClient({ url: engine.url, token: engine.token }));
});
afterAll(async () => {
  await ingest[Symbol.asyncDispose]();
  await engine.close();
});

const ways = PROTOCOLS.flatMap((protocol) => [[protocol, 'none'] as const, [protocol, 'gzip'] as const]);

it.each(ways)('80: otel-js by %s, compression %s: count in = count stored', async (protocol, compression) => {
  const service = `${protocol} ${compression}`;
  const env = { OTEL_EXPORTER_OTLP_COMPRESSION: compression };
  expect(await runSdk(ingest, { protocol, service, env })).toEqual({ code: 0, complaints: '' });
  await expect.poll(() => ingest.metric('plumbline.ingest.spool.records'), { timeout: 10_000 }).toBe(0);
  expect(await storedCounts(engine.client, service)).toEqual({
    spans: 500,
    logs: 40,
    sums: 1,
    gauges: 1,
    histograms: 1,
  });
});
