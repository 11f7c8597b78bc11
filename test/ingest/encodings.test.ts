import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createStoreClient } from '../../store/client.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { decodeAnswer } from './decode-answer.ts';
import { call, grpcClient, METHODS } from './grpc/call.ts';
import { post } from './http/post.ts';
import { startTestIngest, type TestIngest } from './start-test-ingest.ts';
import { signalRequest } from './transcode/arbitrary-request.ts';
import { encodeRequest } from './transcode/otlp-types.ts';
import { toOtlpJson } from './transcode/to-otlp-json.ts';

const TENANTS = ['protobuf', 'json', 'grpc'] as const;
const TABLES = [
  'otel_traces',
  'otel_logs',
  'otel_metrics_gauge',
  'otel_metrics_sum',
  'otel_metrics_histogram',
  'otel_metrics_exponential_histogram',
  'otel_metrics_summary',
  'tally_rejection',
  'tally_source',
];

let engine: TestEngine;
let ingests: Record<(typeof TENANTS)[number], TestIngest>;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_source'] });
  const nowMs = Date.now(); // one clock: times that do not fit are replaced by the arrival
  const start = (tenant: string) =>
    startTestIngest(
      { tenant, batchAgeMsMax: 1_000 },
      createStoreClient({ url: engine.url, token: engine.token }),
      {
        now: () => nowMs,
      },
    );
  ingests = { protobuf: await start('protobuf'), json: await start('json'), grpc: await start('grpc') };
});
afterAll(async () => {
  for (const tenant of TENANTS) await ingests[tenant][Symbol.asyncDispose]();
  await engine.close();
});

interface Told {
  readonly rejected: number;
  readonly message: string;
}

function ofProtobuf(body: Uint8Array): Told {
  const { partial_success: partial } = decodeAnswer('Response', body) as {
    partial_success?: { rejected?: number; error_message?: string };
  };
  return { rejected: partial?.rejected ?? 0, message: partial?.error_message ?? '' };
}

function ofJson(text: string): Told {
  const { partialSuccess = {} } = JSON.parse(text) as { partialSuccess?: Record<string, string> };
  const [, rejected = '0'] = Object.entries(partialSuccess).find(([key]) => key.startsWith('rejected')) ?? [];
  return { rejected: Number(rejected), message: partialSuccess['errorMessage'] ?? '' };
}

/** Of each tenant's rows, whatever their order; a tally may not be merged yet. */
async function digests(table: string): Promise<{ n: string }[]> {
  const final = table === 'tally_source' ? 'FINAL' : '';
  const query = `SELECT count() AS n, sum(cityHash64(toString(tuple(* EXCEPT Tenant)))) AS digest
    FROM ${table} ${final} GROUP BY Tenant`;
  return (await engine.client.query({ query, format: 'JSONEachRow' })).json<{ n: string }>();
}

it('73: one request in protobuf, in JSON and over gRPC is answered alike and makes identical rows', async () => {
  const client = grpcClient(ingests.grpc.grpcUrl, { gzip: true });
  const told: Told[] = [];
  for (const { signal, request } of fc.sample(signalRequest, { numRuns: 150, seed: 73 })) {
    const path = `/v1/${signal}`;
    const body = Buffer.from(encodeRequest(signal, request));
    const protobufAnswer = post(ingests.protobuf.httpUrl, {
      path,
      headers: { 'content-type': 'application/x-protobuf' },
      body,
    });
    const jsonAnswer = post(ingests.json.httpUrl, {
      path,
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(toOtlpJson(request)),
    });
    const grpcAnswer = call(client, METHODS[signal], { body });
    const [protobuf, json, grpc] = await Promise.all([protobufAnswer, jsonAnswer, grpcAnswer]);
    expect([protobuf.status, json.status, grpc.code]).toEqual([200, 200, 0]);
    expect(ofJson(json.text)).toEqual(ofProtobuf(protobuf.body));
    expect(ofProtobuf(grpc.body ?? Buffer.alloc(0))).toEqual(ofProtobuf(protobuf.body));
    told.push(ofProtobuf(protobuf.body));
  }
  client.close();
  expect(told.filter(({ rejected }) => rejected > 0).length).toBeGreaterThan(10);
  for (const tenant of TENANTS) {
    const waiting = () => ingests[tenant].metric('plumbline.ingest.spool.records');
    await expect.poll(waiting, { timeout: 25_000 }).toBe(0);
  }
  for (const table of TABLES) {
    const found = await digests(table);
    expect(found, table).toHaveLength(3);
    expect(Number(found[0]?.n), table).toBeGreaterThan(10);
    expect(found, table).toEqual(Array(3).fill(found[0]));
  }
});
