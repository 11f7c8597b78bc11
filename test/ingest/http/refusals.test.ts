import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIngest, type TestIngest } from '../start-test-ingest.ts';
import { post } from './post.ts';
import { statusOf } from './status-of.ts';

const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json' };

let ingest: TestIngest;
beforeAll(async () => {
  ingest = await startTestIngest({ bodyBytesMax: 200_000 });
});
afterAll(() => ingest[Symbol.asyncDispose]());

const send = (call: Parameters<typeof post>[1]) => post(ingest.httpUrl, call);

describe('every refusal is a google.rpc.Status with a message, in the encoding of the request', () => {
  const big = Buffer.alloc(200_001);
  const REFUSED = [
    ['400, malformed', 400, { body: '\u0007' }],
    ['400, not gzip', 400, { headers: { 'content-encoding': 'gzip' }, body: 'plain' }],
    ['404', 404, { path: '/v1/nothing' }],
    ['405', 405, { method: 'GET' }],
    ['413, announced', 413, { body: big }],
    ['413, chunked', 413, { body: [big.subarray(1), big.subarray(0, 1)] }],
    ['413, inflated', 413, { headers: { 'content-encoding': 'gzip' }, body: gzipSync(big) }],
    ['415, encoding', 415, { headers: { 'content-encoding': 'br' }, body: 'x' }],
  ] as const;

  it.each(REFUSED)('34: %s, and comes without Retry-After', async (_name, status, call) => {
    for (const type of [PROTOBUF, JSON_TYPE]) {
      const answer = await send({
        ...call,
        headers: { ...type, ...('headers' in call ? call.headers : {}) },
      });
      expect(answer.status).toBe(status);
      expect(answer.headers['content-type']).toBe(type['content-type']);
      expect(answer.headers['retry-after']).toBeUndefined();
      expect(statusOf(answer)).toMatchObject({ message: expect.stringMatching(/\w+ .*\w/) });
    }
  });

  it.each([
    [
      '400, without Host',
      400,
      'POST /v1/traces HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
    ],
    ['400, no HTTP at all', 400, 'HELLO?\r\n\r\n'],
    [
      '400, a chunk without a length',
      400,
      'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n',
    ],
    [
      '400, two lengths',
      400,
      'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}',
    ],
    ['431', 431, `POST /v1/traces HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`],
  ])('34: %s, said on the socket', async (_name, status, bytes) => {
    const socket = connect(ingest.httpPort, '127.0.0.1').setEncoding('utf8');
    socket.write(bytes);
    let text = '';
    socket.on('data', (part: string) => (text += part));
    await expect.poll(() => text).toMatch(/\r\n\r\n\{.*\}$/);
    socket.destroy();
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).toMatch(/content-type: application\/json/i);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({
      code: 3,
      message: expect.stringMatching(/\w+ .*\w/),
    });
  });

  it('34: an HTTP/1.0 client needs no Host', async () => {
    const socket = connect(ingest.httpPort, '127.0.0.1').setEncoding('utf8');
    socket.write('POST /v1/traces HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
    expect((await once(socket, 'data'))[0]).toMatch(/^HTTP\/1.1 200 /);
    socket.destroy();
  });
});

it('what is not HTTP is counted', async () => {
  const counted = () => ingest.metric('plumbline.ingest.requests', { outcome: 'http_malformed' });
  const before = await counted();
  const socket = connect(ingest.httpPort, '127.0.0.1');
  socket.end('HELLO?\r\n\r\n');
  await expect.poll(counted).toBe(before + 1);
  socket.destroy();
});
