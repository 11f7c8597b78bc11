import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SIGNALS } from '../../../core/signal.ts';
import { decodeAnswer } from '../decode-answer.ts';
import { exportJson, exportProtobuf } from '../export-body.ts';
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

describe.each(SIGNALS)('POST /v1/%s', (signal) => {
  const path = `/v1/${signal}`;

  it('1, 3, 21-23: takes protobuf and answers 200 with zero bytes of the same type', async () => {
    const answer = await send({ path, headers: PROTOBUF, body: exportProtobuf(signal) });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(answer.headers).toMatchObject({ 'content-type': 'application/x-protobuf', 'content-length': '0' });
  });

  it('1, 3, 21-23: takes JSON and answers 200 with {} of the same type', async () => {
    const answer = await send({ path, headers: JSON_TYPE, body: exportJson(signal) });
    expect(answer).toMatchObject({ status: 200, text: '{}' });
    expect(answer.headers['content-type']).toBe('application/json');
  });

  it('24: takes requests that hold nothing', async () => {
    const name = { traces: 'resourceSpans', metrics: 'resourceMetrics', logs: 'resourceLogs' }[signal];
    const scopes = { traces: 'scopeSpans', metrics: 'scopeMetrics', logs: 'scopeLogs' }[signal];
    for (const body of ['{}', `{"${name}":[]}`, `{"${name}":[{}]}`, `{"${name}":[{"${scopes}":[{}]}]}`]) {
      expect(await send({ path, headers: JSON_TYPE, body })).toMatchObject({ status: 200, text: '{}' });
    }
    expect(await send({ path, headers: PROTOBUF, body: '' })).toMatchObject({ status: 200, text: '' });
  });
});

describe('content type and encoding', () => {
  it('4, 8: tolerates parameters and any case', async () => {
    const json = { 'content-type': 'Application/JSON; charset=utf-8' };
    const spoken = await send({ headers: json, body: exportJson('traces') });
    expect(spoken).toMatchObject({
      status: 200,
      text: '{}',
      headers: { 'content-type': 'application/json' },
    });
    const protobuf = { 'content-type': 'application/x-protobuf;messageType="x"' };
    const answer = await send({ headers: protobuf, body: exportProtobuf('traces') });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/x-protobuf' } });
  });

  it.each([
    ['another type', { 'content-type': 'text/plain' }],
    ['no type', {}],
  ])('5, 34: %s is 415 with a status', async (_name, headers) => {
    const answer = await send({ headers, body: exportProtobuf('traces') });
    expect(answer.status).toBe(415);
    expect(statusOf(answer)).toMatchObject({ message: expect.stringContaining('application/x-protobuf') });
  });

  it.each(['br', 'snappy', 'gzip, gzip'])('11: the unknown Content-Encoding %s is 415', async (encoding) => {
    const headers = { ...PROTOBUF, 'content-encoding': encoding };
    const answer = await send({ headers, body: exportProtobuf('traces') });
    expect(answer.status).toBe(415);
    expect(answer.headers['content-type']).toBe('application/x-protobuf');
    expect(statusOf(answer)).toMatchObject({ message: expect.stringContaining(`"${encoding}"`) });
  });

  it.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['deflate', deflateSync],
    ['identity', (body: Buffer) => body],
  ] as const)('9, 10: takes %s in protobuf and JSON', async (encoding, compress) => {
    const call = { 'content-encoding': encoding };
    const protobuf = await send({
      headers: { ...PROTOBUF, ...call },
      body: compress(exportProtobuf('logs')),
      path: '/v1/logs',
    });
    expect(protobuf).toMatchObject({ status: 200, text: '' });
    const json = await send({
      headers: { ...JSON_TYPE, ...call },
      body: compress(Buffer.from(exportJson('logs'))),
      path: '/v1/logs',
    });
    expect(json).toMatchObject({ status: 200, text: '{}' });
  });

  it.each([
    ['gzip', 'members', gzipSync],
    ['zstd', 'frames', zstdCompressSync],
  ] as const)('12: a %s of several %s is their concatenation', async (encoding, _parts, compress) => {
    const body = exportProtobuf('traces', { valid: 3, invalid: 2 });
    const parts = [body.subarray(0, 40), Buffer.alloc(0), body.subarray(40)].map((part) => compress(part));
    const headers = { ...PROTOBUF, 'content-encoding': encoding };
    const answer = await send({ headers, body: Buffer.concat(parts) });
    expect(decodeAnswer('Response', answer.body)).toMatchObject({ partial_success: { rejected: 2 } });
  });

  it.each([
    ['zstd', zstdCompressSync, Buffer.from('and more')],
    ['zstd', zstdCompressSync, zstdCompressSync(Buffer.alloc(99)).subarray(0, 12)],
    ['zstd', zstdCompressSync, Buffer.concat(Array(1_000).fill(zstdCompressSync('')))],
    ['deflate', deflateSync, Buffer.from('and more')],
    ['deflate', deflateSync, deflateSync(Buffer.alloc(99))],
    ['gzip', gzipSync, Buffer.from('and more')],
  ] as const)(
    '13: what goes on after its %s is 400: nothing is taken by half',
    async (encoding, compress, rest) => {
      const body = Buffer.concat([compress(exportProtobuf('traces')), rest]);
      const answer = await send({ headers: { ...PROTOBUF, 'content-encoding': encoding }, body });
      expect(answer.status).toBe(400);
      expect(statusOf(answer)).toMatchObject({ code: 3, message: expect.stringContaining(encoding) });
    },
  );

  it('15: the limit holds for all zstd frames together', async () => {
    const frames = Buffer.concat(Array(3).fill(zstdCompressSync(Buffer.alloc(70_000))));
    expect((await send({ headers: { ...PROTOBUF, 'content-encoding': 'zstd' }, body: frames })).status).toBe(
      413,
    );
  });

  it.each([undefined, 'gzip', 'gzip, zstd', '*', 'identity;q=0'])(
    '14: the answer is plain, which every client can read; Accept-Encoding: %s',
    async (accepted) => {
      const headers = { ...JSON_TYPE, ...(accepted === undefined ? {} : { 'accept-encoding': accepted }) };
      const partial = await send({ headers, body: exportJson('traces', { invalid: 1 }) });
      expect(JSON.parse(partial.text)).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
      const refused = await send({ headers, body: '[' });
      expect(JSON.parse(refused.text)).toMatchObject({ code: 3 });
      for (const answer of [partial, refused]) expect(answer.headers['content-encoding']).toBeUndefined();
    },
  );

  it.each([
    ['truncated', (gzip: Buffer) => gzip.subarray(0, gzip.length - 12)],
    [
      'corrupt',
      (gzip: Buffer) => Buffer.concat([gzip.subarray(0, 12), Buffer.from('garbage'), gzip.subarray(19)]),
    ],
    ['no gzip at all', () => Buffer.from('plain')],
    ['empty', () => Buffer.alloc(0)],
  ])('13: a %s gzip is 400 with a status, and no crash', async (_name, spoil) => {
    const body = spoil(gzipSync(exportProtobuf('traces', { valid: 50 })));
    const answer = await send({ headers: { ...PROTOBUF, 'content-encoding': 'gzip' }, body });
    expect(answer.status).toBe(400);
    expect(answer.headers['retry-after']).toBeUndefined();
    expect(statusOf(answer)).toMatchObject({ code: 3, message: expect.stringContaining('gzip') });
  });
});

describe('paths and methods', () => {
  it.each(['/', '/v1/trace', '/v1/traces/', '/v1development/profiles', '/api/v2/spans'])(
    '2, 7: %s is 404',
    async (path) => {
      const answer = await send({ path, headers: JSON_TYPE, body: '{}' });
      expect(answer.status).toBe(404);
      expect(statusOf(answer)).toMatchObject({ message: expect.stringContaining('/v1/traces') });
    },
  );

  it('takes a query string', async () => {
    expect(await send({ path: '/v1/traces?x=1', headers: JSON_TYPE, body: '{}' })).toMatchObject({
      status: 200,
    });
  });

  it.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('6: %s is 405 with Allow', async (method) => {
    const answer = await send({ method, headers: PROTOBUF });
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe('POST');
    expect(statusOf(answer)).toMatchObject({ message: expect.stringContaining(method) });
  });
});

describe('partial success', () => {
  it.each([
    ['traces', 'rejectedSpans'],
    ['metrics', 'rejectedDataPoints'],
  ] as const)('26, 27, 29-32: %s answers the exact number, and counts it', async (signal, key) => {
    const before = await ingest.metric('plumbline.ingest.rejected', { signal });
    const items = { valid: 5, invalid: 3 };
    const protobuf = await send({
      path: `/v1/${signal}`,
      headers: PROTOBUF,
      body: exportProtobuf(signal, items),
    });
    expect(protobuf.status).toBe(200);
    expect(decodeAnswer('Response', protobuf.body)).toMatchObject({
      partial_success: {
        rejected: 3,
        error_message: expect.stringMatching(/^3 of 8 .* rejected \(3 of shop: /),
      },
    });
    const json = await send({ path: `/v1/${signal}`, headers: JSON_TYPE, body: exportJson(signal, items) });
    expect(JSON.parse(json.text)).toEqual({
      partialSuccess: { [key]: '3', errorMessage: expect.stringContaining('the others are stored') },
    });
    expect(await ingest.metric('plumbline.ingest.rejected', { signal })).toBe(before + 6);
  });

  it('28, 33: a warning rejects nothing, has a text, and comes once a minute per source', async () => {
    const body = exportJson('traces', { valid: 2 }).replaceAll(
      'endTimeUnixNano":"175',
      'endTimeUnixNano":"174',
    );
    const another = body.replace('"shop"', '"another"');
    const first = await send({ headers: JSON_TYPE, body });
    expect(JSON.parse(first.text)).toEqual({
      partialSuccess: { rejectedSpans: '0', errorMessage: expect.stringContaining('end before they start') },
    });
    expect(await send({ headers: JSON_TYPE, body })).toMatchObject({ status: 200, text: '{}' });
    expect((await send({ headers: JSON_TYPE, body: another })).text).toContain('end before they start');
    expect(await send({ headers: JSON_TYPE, body: another })).toMatchObject({ status: 200, text: '{}' });
  });

  it('18: the answer stays far below 4 MiB, whatever is wrong in however many places', async () => {
    const resources = Array.from({ length: 100 }, (_, index) => ({
      resource: {
        attributes: [{ key: 'service.name', value: { stringValue: `${index}`.padEnd(200, 'é') } }],
      },
      scopeSpans: [{ spans: [{}] }],
    }));
    const body = JSON.stringify({ resourceSpans: resources });
    const answer = await send({ headers: JSON_TYPE, body });
    const { partialSuccess } = JSON.parse(answer.text) as { partialSuccess: Record<string, string> };
    expect(partialSuccess['rejectedSpans']).toBe('100');
    expect(partialSuccess['errorMessage']).toMatch(/^100 of 100 spans were rejected .*…$/);
    expect(answer.body.length).toBeLessThan(10_000);
  });
});

describe('malformed bodies', () => {
  it('35: undecodable protobuf is 400 with BadRequest', async () => {
    const answer = await send({ headers: PROTOBUF, body: Buffer.from('0aff01', 'hex') });
    expect(answer.status).toBe(400);
    const { details } = statusOf(answer) as { details: { type_url: string; value: Buffer }[] };
    expect(details.map((detail) => detail.type_url)).toEqual(['type.googleapis.com/google.rpc.BadRequest']);
    expect(decodeAnswer('BadRequest', details[0]?.value ?? Buffer.alloc(0))).toMatchObject({
      field_violations: [{ field: 'body' }],
    });
  });

  it('35, 71: JSON of the wrong shape is 400 and names the field', async () => {
    const answer = await send({ headers: JSON_TYPE, body: '{"resourceSpans":{}}' });
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(JSON.parse(answer.text)).toMatchObject({
      code: 3,
      message: expect.stringContaining('resourceSpans'),
      details: [{ fieldViolations: [{ field: expect.stringContaining('resourceSpans') }] }],
    });
  });

  it.each(['', '{', 'null', '[]', '{"resourceSpans":'])('35: JSON %j is 400', async (body) => {
    expect((await send({ headers: JSON_TYPE, body })).status).toBe(400);
  });
});

describe('size limits', () => {
  it('15, 16: above the limit is 413 with a status, plain or announced or chunked', async () => {
    const large = Buffer.alloc(200_001);
    for (const body of [large, [large.subarray(0, 150_000), large.subarray(150_000)]]) {
      const answer = await send({ headers: PROTOBUF, body });
      expect(answer.status).toBe(413);
      expect(answer.headers['content-type']).toBe('application/x-protobuf');
      expect(answer.headers['retry-after']).toBeUndefined();
      expect(statusOf(answer)).toMatchObject({ message: expect.stringContaining('200000 bytes') });
    }
  });

  it('15: the limit holds for the inflated body as well', async () => {
    const padded = (paddingBytes: number) =>
      gzipSync(exportProtobuf('logs', { padding: 'x'.repeat(paddingBytes) }));
    const headers = { ...PROTOBUF, 'content-encoding': 'gzip' };
    expect((await send({ path: '/v1/logs', headers, body: padded(199_000) })).status).toBe(200);
    expect((await send({ path: '/v1/logs', headers, body: padded(200_000) })).status).toBe(413);
  });

  it('16: a connection goes on after a 413', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await send({ headers: PROTOBUF, body: Buffer.alloc(3_000_000), agent })).status).toBe(413);
    expect((await send({ headers: PROTOBUF, body: exportProtobuf('traces'), agent })).status).toBe(200);
    agent.destroy();
  });
});

describe('connections', () => {
  it('19: keep-alive and chunked bodies work', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const body = exportProtobuf('traces', { valid: 4 });
    for (let count = 0; count < 3; count++) {
      const parts = [body.subarray(0, 10), body.subarray(10, 11), body.subarray(11)];
      const answer = await send({ headers: PROTOBUF, body: parts, agent });
      expect(answer).toMatchObject({ status: 200, text: '' });
      expect(answer.headers['connection']).toBe('keep-alive');
    }
    agent.destroy();
  });

  it('20: answers Expect: 100-continue before the body, or refuses without it', async () => {
    const body = exportProtobuf('traces');
    const head = (length: number) =>
      `POST /v1/traces HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${length}\r\n\r\n`;
    const good = connect(ingest.httpPort, '127.0.0.1').setEncoding('utf8');
    good.write(head(body.length));
    expect((await once(good, 'data'))[0]).toMatch(/^HTTP\/1.1 100 Continue/);
    good.write(body);
    expect((await once(good, 'data'))[0]).toMatch(/^HTTP\/1.1 200 OK/);
    good.destroy();
    const bad = connect(ingest.httpPort, '127.0.0.1').setEncoding('utf8');
    bad.write(head(10_000_000));
    expect((await once(bad, 'data'))[0]).toMatch(/^HTTP\/1.1 413 .*connection: close/is);
    bad.destroy();
  });

  it('a client that leaves in the middle of its body is counted, and nothing of it kept', async () => {
    const socket = connect(ingest.httpPort, '127.0.0.1');
    socket.write(
      'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
    );
    await once(socket, 'connect');
    socket.end();
    await expect.poll(() => ingest.metric('plumbline.ingest.requests', { outcome: 'aborted' })).toBe(1);
  });

  it('79: concurrent requests of one client are independent', async () => {
    const bodies = Array.from({ length: 40 }, (_, index) =>
      exportProtobuf('traces', { valid: 1, invalid: index % 4, seed: `c${index}` }),
    );
    const answers = await Promise.all(bodies.map((body) => send({ headers: PROTOBUF, body })));
    const rejected = answers.map(
      ({ body }) =>
        (decodeAnswer('Response', body)['partial_success'] as { rejected?: number } | undefined)?.rejected ??
        0,
    );
    expect(rejected).toEqual(bodies.map((_, index) => index % 4));
  });
});
