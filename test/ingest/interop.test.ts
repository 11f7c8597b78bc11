import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createStoreClient } from '../../store/client.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { startTestIngest, type TestIngest } from './start-test-ingest.ts';

let engine: TestEngine;
let ingest: TestIngest;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
  ingest = await startTestIngest({}, createStoreClient({ url: engine.url, token: engine.token }));
});
afterAll(async () => {
  await ingest[Symbol.asyncDispose]();
  await engine.close();
});

async function runSdk(
  service: string,
  env: Record<string, string>,
): Promise<{ code: number; complaints: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'send-by-sdk.ts')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      OTEL_SERVICE_NAME: service,
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_LOGS_EXPORTER: 'otlp',
      OTEL_LOG_LEVEL: 'warn', // a partial success or a failure would show
      ...env,
    },
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const [code] = (await once(child, 'exit')) as [number];
  return { code, complaints };
}

async function rowCount(table: string, service: string): Promise<number> {
  const query = `SELECT count() AS n FROM ${table} WHERE ServiceName = '${service}'`;
  const [row] = await (await engine.client.query({ query, format: 'JSONEachRow' })).json<{ n: string }>();
  return Number(row?.n);
}

it.each([
  ['http/protobuf', 'none'],
  ['http/protobuf', 'gzip'],
  ['http/json', 'none'],
  ['http/json', 'gzip'],
  ['grpc', 'none'],
  ['grpc', 'gzip'],
])('80: otel-js by %s, compression %s: count in = count stored', async (protocol, compression) => {
  const service = `${protocol} ${compression}`;
  const ran = await runSdk(service, {
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_COMPRESSION: compression,
    OTEL_EXPORTER_OTLP_ENDPOINT: protocol === 'grpc' ? `http://${ingest.grpcUrl}` : ingest.httpUrl,
  });
  expect(ran).toEqual({ code: 0, complaints: '' });
  await expect.poll(() => ingest.metric('plumbline.ingest.spool.records'), { timeout: 10_000 }).toBe(0);
  const counts = {
    spans: await rowCount('otel_traces', service),
    logs: await rowCount('otel_logs', service),
    sums: await rowCount('otel_metrics_sum', service),
    gauges: await rowCount('otel_metrics_gauge', service),
    histograms: await rowCount('otel_metrics_histogram', service),
  };
  expect(counts).toEqual({ spans: 500, logs: 40, sums: 1, gauges: 1, histograms: 1 });
});
