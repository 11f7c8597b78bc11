import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportProtobuf } from './export-body.ts';
import { call, grpcClient, METHODS } from './grpc/call.ts';
import { post } from './http/post.ts';
import { type IngestProcess, startIngestProcess } from './ingest-process.ts';
import { temporaryFolder } from './temporary-folder.ts';

const MEBIBYTE = 1_048_576;
const GROWTH_BYTES_MAX = 160 * MEBIBYTE;
const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const RESOURCE_EXHAUSTED = 8;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let ingest: IngestProcess;
let startBytes: number;
beforeAll(async () => {
  folder = await temporaryFolder();
  ingest = await startIngestProcess({ dataDir: folder.path, drainMsMax: 100 }, { url: 'http://127.0.0.1:9' });
  await post(ingest.httpUrl, { headers: PROTOBUF, body: exportProtobuf('traces') });
  startBytes = await ingest.peakBytes();
});
afterAll(async () => {
  await ingest.kill();
  await folder[Symbol.asyncDispose]();
});

const huge = Buffer.alloc(80 * MEBIBYTE);

describe('refusing 80 MiB costs less than 160 MiB', () => {
  it.each([
    ['plain', huge, {}],
    ['chunked', [huge.subarray(0, MEBIBYTE), huge.subarray(MEBIBYTE)], {}],
    ['gzip 1000:1', gzipSync(huge), { 'content-encoding': 'gzip' }],
    ['zstd', zstdCompressSync(huge), { 'content-encoding': 'zstd' }],
  ])('16: over HTTP, %s', async (_name, body, headers) => {
    const answer = await post(ingest.httpUrl, { headers: { ...PROTOBUF, ...headers }, body });
    expect(answer.status).toBe(413);
    expect(answer.body.length).toBeGreaterThan(0);
    expect((await ingest.peakBytes()) - startBytes).toBeLessThan(GROWTH_BYTES_MAX);
  });

  it.each([false, true])('17: over gRPC, gzip: %s', async (gzip) => {
    const client = grpcClient(ingest.grpcUrl, { gzip });
    expect(await call(client, METHODS.traces, { body: huge })).toMatchObject({ code: RESOURCE_EXHAUSTED });
    client.close();
    expect((await ingest.peakBytes()) - startBytes).toBeLessThan(GROWTH_BYTES_MAX);
  });

  it('16: a volley of bombs costs no more than two of them', async () => {
    const bomb = gzipSync(huge);
    const headers = { ...PROTOBUF, 'content-encoding': 'gzip' };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post(ingest.httpUrl, { headers, body: bomb })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(413));
    expect((await ingest.peakBytes()) - startBytes).toBeLessThan(2 * GROWTH_BYTES_MAX);
  });
});

it('15: takes a body of 4 MB, of text that does not compress', async () => {
  const body = exportProtobuf('logs', { padding: randomBytes(2_000_000).toString('hex') });
  expect(body.length).toBeGreaterThan(4_000_000);
  const plain = await post(ingest.httpUrl, { path: '/v1/logs', headers: PROTOBUF, body });
  expect(plain).toMatchObject({ status: 200, text: '' });
  const client = grpcClient(ingest.grpcUrl, { gzip: true });
  expect(await call(client, METHODS.logs, { body })).toMatchObject({ code: 0 });
  client.close();
});
