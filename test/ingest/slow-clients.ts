import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { exportProtobuf } from './export-body.ts';
import { METHODS } from './grpc/call.ts';
import { post } from './http/post.ts';
import { startTestIngest, type TestIngest } from './start-test-ingest.ts';

const FIRST_LINES = 'POST /v1/traces HTTP/1.1\r\nhost: x\r\n';
const HEAD = `${FIRST_LINES}content-type: application/json\r\ncontent-length: 1000\r\n\r\n`;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const EMPTY_SETTINGS = Buffer.from('000000040000000000', 'hex');
/** The head of a HEADERS frame of 16,000 bytes on stream 1, whose content comes byte by byte. */
const HEADERS_FRAME = Buffer.from('003e80010400000001', 'hex');
const DEADLINE_EXCEEDED = '4';
/** Node looks for late headers once a second. */
const CHECK_MS = 1_000;

export interface Patience {
  readonly headersMsMax: number;
  readonly bodyMsMax: number;
  readonly silentMsMax: number;
}

interface SlowClients extends Patience {
  /** Of each kind. */
  readonly count: number;
  /** Between two bytes. */
  readonly dribbleMs: number;
}

/** How a slow client came to its end, as far as it could see. */
type End = string;

/** Writes at once, then the rest byte by byte; resolves with what came back when the connection ends. */
async function dribble(
  port: number,
  { atOnce, rest, everyMs }: { atOnce: string | Buffer; rest: Buffer; everyMs: number },
): Promise<End> {
  const socket = connect(port, '127.0.0.1');
  const received: Buffer[] = [];
  socket.on('data', (part) => received.push(part)).on('error', () => undefined);
  socket.write(atOnce);
  let at = 0;
  const timer = setInterval(() => socket.write(rest.subarray(at, ++at)), everyMs);
  socket.on('end', () => socket.end());
  await new Promise((resolve) => socket.once('close', resolve)); // a reset is an end like another
  clearInterval(timer);
  return Buffer.concat(received).toString('latin1').slice(0, 12);
}

/** Writes, and then neither reads nor writes, as a machine that lost its power. */
async function goSilent(port: number, atOnce: Buffer, sockets: Socket[]): Promise<End> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.write(atOnce);
  socket.pause();
  return '';
}

async function dribbleGrpc(url: string, everyMs: number): Promise<End> {
  const session = connectHttp2(`http://${url}`);
  session.on('error', () => undefined);
  const stream = session.request({
    ':method': 'POST',
    ':path': METHODS.traces,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  stream.write(Buffer.from([0, 0, 0, 3, 232]));
  const timer = setInterval(() => stream.write(Buffer.alloc(1)), everyMs);
  const [headers] = (await once(stream, 'response')) as [Record<string, string>];
  clearInterval(timer);
  stream.close(constants.NGHTTP2_CANCEL);
  session.close();
  return `grpc-status ${headers['grpc-status']}`;
}

/** A normal client that sends while others are slow. */
class Meanwhile {
  readonly times: number[] = [];
  readonly #running: Promise<void>;
  #isOn = true;

  constructor(ingest: TestIngest) {
    this.#running = this.#send(ingest);
  }

  async stop(): Promise<void> {
    this.#isOn = false;
    await this.#running;
    this.times.sort((left, right) => left - right);
  }

  quantileMs(quantile: number): number {
    return this.times[Math.floor(this.times.length * quantile)] ?? Number.NaN;
  }

  async #send(ingest: TestIngest): Promise<void> {
    const headers = { 'content-type': 'application/x-protobuf' };
    for (let count = 0; this.#isOn; count++) {
      const body = exportProtobuf('traces', { seed: `normal ${count}` });
      const startedAtMs = performance.now();
      expect((await post(ingest.httpUrl, { headers, body })).status).toBe(200);
      this.times.push(performance.now() - startedAtMs);
      await sleep(5);
    }
  }
}

const openSockets = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;

/**
 * Clients that dribble headers or bodies, or say nothing, over HTTP/1.1 and HTTP/2, `count` of each kind at once.
 * They end with 408 (gRPC: DEADLINE_EXCEEDED) or with their connection, each is counted, a normal client is served
 * as ever, and no socket is left.
 */
export async function slowClients({
  count,
  dribbleMs,
  ...patience
}: SlowClients): Promise<{ p50Ms: number; p99Ms: number; served: number }> {
  await using ingest = await startTestIngest(patience);
  const socketsBefore = openSockets();
  const { httpPort, grpcPort } = ingest;
  const paused: Socket[] = [];
  const slowly = (text: string) => Buffer.from(text.repeat(1_000));
  const dribbling = (port: number, atOnce: string | Buffer, rest: Buffer) => () =>
    dribble(port, { atOnce, rest, everyMs: dribbleMs });
  const silent = (atOnce: Buffer) => () => goSilent(grpcPort, atOnce, paused);
  const hello = Buffer.concat([Buffer.from(PREFACE), EMPTY_SETTINGS]);
  const anyEnd = expect.any(String) as unknown as End;
  const kinds: readonly { readonly start: () => Promise<End>; readonly end: End }[] = [
    { start: dribbling(httpPort, '', Buffer.alloc(0)), end: 'HTTP/1.1 408' },
    { start: dribbling(httpPort, FIRST_LINES, slowly('x-slow: y\r\n')), end: 'HTTP/1.1 408' },
    { start: dribbling(httpPort, HEAD, slowly(' ')), end: 'HTTP/1.1 408' },
    { start: () => dribbleGrpc(ingest.grpcUrl, dribbleMs), end: `grpc-status ${DEADLINE_EXCEEDED}` },
    { start: dribbling(grpcPort, '', Buffer.from(PREFACE)), end: anyEnd },
    { start: dribbling(grpcPort, Buffer.concat([hello, HEADERS_FRAME]), Buffer.alloc(16_000)), end: anyEnd },
    { start: silent(Buffer.alloc(0)), end: '' },
    { start: silent(hello), end: '' },
  ];
  const ends = Promise.all(kinds.map(({ start }) => Promise.all(Array.from({ length: count }, start))));
  const timeouts = async (transport: string) =>
    ingest.metric('plumbline.ingest.requests', { transport, outcome: 'request_timeout' });
  const counted = async () => ({ http: await timeouts('http'), grpc: await timeouts('grpc') });
  const longestMs = Math.max(patience.headersMsMax + 2 * patience.silentMsMax, patience.bodyMsMax) + CHECK_MS;
  const meanwhile = new Meanwhile(ingest);
  try {
    await expect
      .poll(counted, { timeout: longestMs + 10_000, interval: 100 })
      .toEqual({ http: 3 * count, grpc: 5 * count });
    expect(await ends).toEqual(kinds.map(({ end }) => Array(count).fill(end)));
  } finally {
    await meanwhile.stop();
    for (const socket of paused) socket.destroy();
  }
  expect(meanwhile.times.length).toBeGreaterThan(20);
  expect(meanwhile.quantileMs(0.99)).toBeLessThan(300);
  await expect.poll(openSockets, { timeout: 15_000 }).toBeLessThanOrEqual(socketsBefore);
  return {
    p50Ms: meanwhile.quantileMs(0.5),
    p99Ms: meanwhile.quantileMs(0.99),
    served: meanwhile.times.length,
  };
}
