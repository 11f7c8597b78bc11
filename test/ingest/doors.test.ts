import { once } from 'node:events';
import { Agent, createServer } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { decodeAnswer } from './decode-answer.ts';
import { exportJson, exportProtobuf } from './export-body.ts';
import { call, grpcClient, METHODS } from './grpc/call.ts';
import { post } from './http/post.ts';
import { startTestIngest } from './start-test-ingest.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

describe('with keys', () => {
  it('43: asks HTTP callers for one of them', async () => {
    await using ingest = await startTestIngest({ keys: ['first', 'second'] });
    const send = (headers: Record<string, string>) =>
      post(ingest.httpUrl, { headers: { ...JSON_TYPE, ...headers }, body: exportJson('traces') });
    for (const headers of [
      {},
      { authorization: 'Bearer third' },
      { authorization: 'first' },
      { authorization: 'Bearer' },
    ]) {
      const answer = await send(headers as Record<string, string>);
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(JSON.parse(answer.text)).toMatchObject({
        code: UNAUTHENTICATED,
        message: expect.stringContaining('Bearer'),
      });
    }
    expect((await send({ authorization: 'Bearer first' })).status).toBe(200);
    expect((await send({ authorization: 'bearer second' })).status).toBe(200);
    expect(await ingest.metric('plumbline.ingest.requests', { outcome: 'unauthenticated' })).toBe(4);
  });

  it('43: asks gRPC callers for one of them', async () => {
    await using ingest = await startTestIngest({ keys: ['first'] });
    const client = grpcClient(ingest.grpcUrl);
    const body = exportProtobuf('metrics');
    expect(await call(client, METHODS.metrics, { body })).toMatchObject({ code: UNAUTHENTICATED });
    const metadata = { authorization: 'Bearer first' };
    expect(await call(client, METHODS.metrics, { body, metadata })).toMatchObject({ code: 0 });
    client.close();
  });
});

describe('a full spool', () => {
  it('36-39: is 503 with Retry-After of 1 to 5 s over HTTP, UNAVAILABLE with RetryInfo over gRPC; nothing is lost', async () => {
    await using ingest = await startTestIngest({ bodyBytesMax: 100_000, spoolBytesMax: 200_000 });
    const body = exportProtobuf('logs', { padding: 'x'.repeat(60_000) });
    const send = () =>
      post(ingest.httpUrl, { path: '/v1/logs', headers: { 'content-type': 'application/x-protobuf' }, body });
    const answers = [await send(), await send(), await send(), await send()];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 503]);
    const refused = answers[3];
    expect(refused?.headers['retry-after']).toMatch(/^[1-5]$/);
    expect(decodeAnswer('Status', refused?.body ?? Buffer.alloc(0))).toMatchObject({ code: UNAVAILABLE });

    const client = grpcClient(ingest.grpcUrl);
    const answer = await call(client, METHODS.logs, { body });
    client.close();
    expect(answer).toMatchObject({ code: UNAVAILABLE, details: expect.stringContaining('spool') });
    const { details } = decodeAnswer('Status', answer.status ?? Buffer.alloc(0)) as {
      details: { value: Buffer }[];
    };
    expect(decodeAnswer('RetryInfo', details[0]?.value ?? Buffer.alloc(0))).toMatchObject({
      retry_delay: { seconds: expect.toSatisfy((seconds: number) => seconds >= 1 && seconds <= 5) },
    });
    expect(await ingest.metric('plumbline.ingest.requests', { outcome: 'spool_full' })).toBe(2);
    expect(await ingest.metric('plumbline.ingest.spool.records', { signal: 'logs' })).toBe(3);
  });
});

describe('a body that never ends', () => {
  it('46: is 408 over HTTP, and counted', async () => {
    await using ingest = await startTestIngest({ bodyMsMax: 100 });
    const socket = connect(ingest.httpPort, '127.0.0.1').setEncoding('utf8');
    socket.write(
      'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
    );
    const [text] = (await once(socket, 'data')) as [string];
    expect(text).toMatch(/^HTTP\/1.1 408 /);
    expect(text).toContain('did not arrive within 100 ms');
    socket.destroy();
    expect(await ingest.metric('plumbline.ingest.requests', { outcome: 'request_timeout' })).toBe(1);
  });

  it('46: is DEADLINE_EXCEEDED over gRPC, which may be sent again, and counted', async () => {
    await using ingest = await startTestIngest({ bodyMsMax: 100 });
    const session = connectHttp2(`http://${ingest.grpcUrl}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': METHODS.traces,
      'content-type': 'application/grpc',
    });
    stream.write(Buffer.of(0, 0, 0, 0, 9));
    const [headers] = (await once(stream, 'response')) as [Record<string, string>];
    expect(headers['grpc-status']).toBe(String(DEADLINE_EXCEEDED));
    session.destroy();
    expect(await ingest.metric('plumbline.ingest.requests', { outcome: 'request_timeout' })).toBe(1);
  });
});

describe('too much at once', () => {
  it('36: is refused, retryable, when bodies in memory reach their bound', async () => {
    await using ingest = await startTestIngest({
      bodyBytesMax: 100_000,
      inFlightBytesMax: 200_000,
      bodyMsMax: 2_000,
    });
    const head =
      'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 90001\r\n\r\n';
    const idlers = [1, 2].map(() => connect(ingest.httpPort, '127.0.0.1'));
    for (const idler of idlers) idler.write(head + ' '.repeat(90_000));
    const send = () =>
      post(ingest.httpUrl, {
        headers: JSON_TYPE,
        body: exportJson('traces', { padding: 'x'.repeat(50_000) }),
      });
    await expect.poll(async () => (await send()).status).toBe(503);
    expect(await ingest.metric('plumbline.ingest.requests', { outcome: 'overloaded' })).toBeGreaterThan(0);
    for (const idler of idlers) idler.destroy();
    await expect.poll(async () => (await send()).status).toBe(200);
  });
});

describe('draining', () => {
  it('47: finishes what is in flight and refuses what is new', async () => {
    const ingest = await startTestIngest({ drainMsMax: 3_000 });
    const body = exportJson('traces');
    const socket = connect(ingest.httpPort, '127.0.0.1').setEncoding('utf8');
    socket.write(
      `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    const agent = new Agent({ keepAlive: true });
    expect((await post(ingest.httpUrl, { headers: JSON_TYPE, body, agent })).status).toBe(200);
    const closed = ingest[Symbol.asyncDispose]();
    const refused = await post(ingest.httpUrl, { headers: JSON_TYPE, body, agent });
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toMatch(/^[1-5]$/);
    const client = grpcClient(ingest.grpcUrl);
    expect(await call(client, METHODS.logs, { body: exportProtobuf('logs') })).toMatchObject({
      code: UNAVAILABLE,
    });
    client.close();
    socket.write(body);
    expect((await once(socket, 'data'))[0]).toMatch(/^HTTP\/1.1 200 /);
    socket.destroy();
    agent.destroy();
    await closed;
    await expect(post(ingest.httpUrl, { headers: JSON_TYPE, body })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });
});

it('47: a gRPC call in flight is finished while others are refused', async () => {
  const ingest = await startTestIngest({ drainMsMax: 3_000 });
  const body = exportProtobuf('traces');
  const header = Buffer.alloc(5);
  header.writeUInt32BE(body.length, 1);
  const session = connectHttp2(`http://${ingest.grpcUrl}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': METHODS.traces,
    'content-type': 'application/grpc',
  });
  stream.write(header);
  await new Promise((seen) => session.ping(seen));
  const other = grpcClient(ingest.grpcUrl);
  expect(await call(other, METHODS.traces, { body })).toMatchObject({ code: 0 });
  const closed = ingest[Symbol.asyncDispose]();
  expect(await call(other, METHODS.traces, { body })).toMatchObject({ code: UNAVAILABLE });
  other.close();
  stream.resume().end(body);
  const [trailers] = (await once(stream, 'trailers')) as [Record<string, string>];
  expect(trailers['grpc-status']).toBe('0');
  session.close();
  await closed;
});

describe('a port that is taken', () => {
  it.each([
    ['otlpHttpPort', 'PLUMBLINE_OTLP_HTTP_PORT'],
    ['otlpGrpcPort', 'PLUMBLINE_OTLP_GRPC_PORT'],
  ])('%s names its variable, and leaves nothing open', async (key, variable) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    await expect(startTestIngest({ [key]: port })).rejects.toMatchObject({
      code: 'port_taken',
      message: expect.stringContaining(variable),
    });
    other.close();
  });
});
