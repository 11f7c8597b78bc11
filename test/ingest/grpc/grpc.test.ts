import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Client } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SIGNALS } from '../../../core/signal.ts';
import { jsonToProtobuf } from '../../../ingest/transcode/json-to-protobuf.ts';
import { decodeAnswer } from '../decode-answer.ts';
import { exportProtobuf } from '../export-body.ts';
import { startTestIngest, type TestIngest } from '../start-test-ingest.ts';
import { call, grpcClient, METHODS } from './call.ts';

const BYTES_MAX = 200_000;
const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;

let ingest: TestIngest;
let client: Client;
let zipping: Client;
beforeAll(async () => {
  ingest = await startTestIngest({ bodyBytesMax: BYTES_MAX });
  client = grpcClient(ingest.grpcUrl);
  zipping = grpcClient(ingest.grpcUrl, { gzip: true });
});
afterAll(async () => {
  client.close();
  zipping.close();
  await ingest[Symbol.asyncDispose]();
});

const detailTypes = (status: Buffer | null) =>
  (decodeAnswer('Status', status ?? Buffer.alloc(0))['details'] as { type_url: string }[]).map(
    ({ type_url }) => type_url.replace('type.googleapis.com/google.rpc.', ''),
  );

/** A call framed by hand, for what no client library would send. */
async function rawCall(frame: Buffer, headers: Record<string, string> = {}) {
  const session: ClientHttp2Session = connect(`http://${ingest.grpcUrl}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': METHODS.traces,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.end(frame);
  stream.resume();
  let trailers: Record<string, unknown> = {};
  stream.on('trailers', (late) => (trailers = late));
  const [early] = (await once(stream, 'response')) as [Record<string, unknown>];
  await once(stream, 'close');
  session.close();
  return { ...early, ...trailers } as Record<string, string | number>;
}

function frameOf(body: Buffer, flag = 0, length = body.length): Buffer {
  const header = Buffer.from([flag, 0, 0, 0, 0]);
  header.writeUInt32BE(length, 1);
  return Buffer.concat([header, body]);
}

describe.each(SIGNALS)('Export of %s', (signal) => {
  it('1, 10, 22, 23: takes it plain and gzipped, and answers an empty message', async () => {
    for (const by of [client, zipping]) {
      const answer = await call(by, METHODS[signal], { body: exportProtobuf(signal, { valid: 20 }) });
      expect(answer).toEqual({ code: 0, details: '', body: Buffer.alloc(0), status: null });
    }
  });

  it('24: takes a request that holds nothing', async () => {
    expect(await call(client, METHODS[signal], { body: Buffer.alloc(0) })).toMatchObject({ code: 0 });
  });
});

it('26, 27, 31: partial success carries the exact number and a reason, neighbours are stored', async () => {
  const answer = await call(client, METHODS.traces, {
    body: exportProtobuf('traces', { valid: 2, invalid: 7 }),
  });
  expect(decodeAnswer('Response', answer.body ?? Buffer.alloc(0))).toMatchObject({
    partial_success: { rejected: 7, error_message: expect.stringContaining('7 of 9 spans were rejected') },
  });
});

it('30: of metrics the data points are counted, not the metrics', async () => {
  const body = exportProtobuf('metrics', { valid: 2, invalid: 7 }); // one metric of each kind
  const answer = await call(client, METHODS.metrics, { body });
  expect(decodeAnswer('Response', answer.body ?? Buffer.alloc(0))).toMatchObject({
    partial_success: { rejected: 7, error_message: expect.stringContaining('7 of 9 data points') },
  });
});

it('28, 33: a warning rejects nothing, and comes once a minute per source', async () => {
  const warned = (service: string) => {
    const request = { resourceMetrics: [{ resource: named(service), scopeMetrics: [{ metrics: [{}] }] }] };
    return Buffer.from(jsonToProtobuf('metrics', Buffer.from(JSON.stringify(request))).body);
  };
  const named = (stringValue: string) => ({ attributes: [{ key: 'service.name', value: { stringValue } }] });
  for (const service of ['cart', 'pay']) {
    const first = await call(client, METHODS.metrics, { body: warned(service) });
    expect(decodeAnswer('Response', first.body ?? Buffer.alloc(0))).toEqual({
      partial_success: { error_message: expect.stringContaining('metrics without data') },
    });
    expect(await call(client, METHODS.metrics, { body: warned(service) })).toMatchObject({
      code: 0,
      body: Buffer.alloc(0),
    });
  }
});

it('41: bad data is INVALID_ARGUMENT with BadRequest', async () => {
  const answer = await call(client, METHODS.traces, { body: Buffer.from('0aff01', 'hex') });
  expect(answer).toMatchObject({ code: INVALID_ARGUMENT, details: expect.stringContaining('protobuf') });
  expect(detailTypes(answer.status)).toEqual(['BadRequest']);
});

it('17, 40: above the limit is RESOURCE_EXHAUSTED without RetryInfo, plain and inflated', async () => {
  const body = exportProtobuf('logs', { padding: 'x'.repeat(BYTES_MAX) });
  for (const by of [client, zipping]) {
    const answer = await call(by, METHODS.logs, { body });
    expect(answer).toMatchObject({
      code: RESOURCE_EXHAUSTED,
      details: expect.stringContaining(`${BYTES_MAX} bytes`),
    });
    expect(detailTypes(answer.status)).toEqual([]);
  }
  expect(await call(client, METHODS.logs, { body: exportProtobuf('logs') })).toMatchObject({ code: 0 });
});

it('2: the method of a signal that is not taken is UNIMPLEMENTED', async () => {
  const path = '/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export';
  expect(await call(client, path, { body: Buffer.alloc(0) })).toMatchObject({
    code: UNIMPLEMENTED,
    details: expect.stringContaining('ProfilesService'),
  });
});

describe('frames that no library sends', () => {
  const body = exportProtobuf('traces');

  it.each([
    ['no message at all', Buffer.alloc(0), {}],
    ['half a frame header', Buffer.from([0, 0]), {}],
    ['a message cut off', frameOf(body, 0, body.length + 9), {}],
    ['two messages', Buffer.concat([frameOf(body), frameOf(body)]), {}],
    ['a compressed message without an encoding', frameOf(gzipSync(body), 1), {}],
    ['a corrupt gzip', frameOf(body, 1), { 'grpc-encoding': 'gzip' }],
    ['a truncated gzip', frameOf(gzipSync(body).subarray(0, 30), 1), { 'grpc-encoding': 'gzip' }],
    ['an unknown flag', frameOf(body, 7), { 'grpc-encoding': 'gzip' }],
  ])('13, 41: %s is INVALID_ARGUMENT', async (_name, frame, headers) => {
    expect(await rawCall(frame, headers)).toMatchObject({
      ':status': 200,
      'grpc-status': String(INVALID_ARGUMENT),
    });
  });

  it('11: an unknown encoding is UNIMPLEMENTED and names the known ones', async () => {
    expect(await rawCall(frameOf(body, 1), { 'grpc-encoding': 'snappy' })).toMatchObject({
      'grpc-status': String(UNIMPLEMENTED),
      'grpc-accept-encoding': expect.stringContaining('gzip'),
    });
  });

  it('12: a gzip of several members is their concatenation', async () => {
    const members = Buffer.concat([gzipSync(body.subarray(0, 20)), gzipSync(body.subarray(20))]);
    const cut = Buffer.concat([gzipSync(body.subarray(0, 20)), gzipSync(body.subarray(20)).subarray(0, 9)]);
    const headers = { 'grpc-encoding': 'gzip' };
    expect(await rawCall(frameOf(members, 1), headers)).toMatchObject({ 'grpc-status': '0' });
    expect(await rawCall(frameOf(cut, 1), headers)).toMatchObject({
      'grpc-status': String(INVALID_ARGUMENT),
    });
  });

  it('14: the answer is not compressed, whatever the client accepts', async () => {
    const headers = await rawCall(frameOf(gzipSync(body), 1), {
      'grpc-encoding': 'gzip',
      'grpc-accept-encoding': 'gzip',
    });
    expect(headers).toMatchObject({ 'grpc-status': '0' });
    expect(headers).not.toHaveProperty('grpc-encoding');
  });

  it('18: a refusal fits into 8 KiB of headers, however long its text', async () => {
    const answer = await rawCall(frameOf(body), { ':path': `/${'long/'.repeat(2_000)}` });
    expect(answer).toMatchObject({ 'grpc-status': String(UNIMPLEMENTED) });
    expect(JSON.stringify(answer).length).toBeLessThan(8_192);
  });

  it('10: takes zstd, and an uncompressed message in a call that may compress', async () => {
    expect(await rawCall(frameOf(zstdCompressSync(body), 1), { 'grpc-encoding': 'zstd' })).toMatchObject({
      'grpc-status': '0',
    });
    expect(await rawCall(frameOf(body, 0), { 'grpc-encoding': 'gzip' })).toMatchObject({
      'grpc-status': '0',
    });
  });

  it('5: what is not gRPC gets 415', async () => {
    expect(await rawCall(body, { 'content-type': 'application/json' })).toMatchObject({ ':status': 415 });
  });
});

it('what is not HTTP/2 is counted, a client that leaves is not', async () => {
  const socket = connectTcp(Number(ingest.grpcUrl.split(':')[1]), '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(3));
  socket.resume();
  await once(socket, 'close');
  await expect.poll(() => ingest.metric('plumbline.ingest.requests', { outcome: 'http_malformed' })).toBe(1);
});

it('79: many calls at once on one connection', async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      call(zipping, METHODS.traces, {
        body: exportProtobuf('traces', { invalid: index % 3, seed: `g${index}` }),
      }),
    ),
  );
  expect(answers.map(({ code, body }) => [code, body?.length === 0])).toEqual(
    answers.map((_, index) => [0, index % 3 === 0]),
  );
});
