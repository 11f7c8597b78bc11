import { once } from 'node:events';
import { Agent } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { expect } from 'vitest';
import { hasCode } from '../../../core/errors.ts';
import { decodeBody } from '../../../ingest/decode-body.ts';
import { Inflater } from '../../../ingest/inflate.ts';
import { SignalBatch } from '../../../ingest/transcode/signal-batch.ts';
import { createStoreClient } from '../../../store/client.ts';
import type { TestEngine } from '../../engine-process.ts';
import { METHODS } from '../grpc/call.ts';
import { post } from '../http/post.ts';
import { startTestIngest, type TestIngest } from '../start-test-ingest.ts';
import { FuzzedBodies, type FuzzedBody } from './fuzzed-bodies.ts';

const BYTES_MAX = 1_048_576;
const AT_ONCE = 20;
/** What a client does not repeat. */
const HTTP_STATUS = { otlp_malformed: 400, otlp_too_large: 413 } as const;
const GRPC_STATUS = { otlp_malformed: '3', otlp_too_large: '8' } as const;

type Judged = { readonly items: number } | { readonly refused: keyof typeof HTTP_STATUS };

/**
 * Sends fuzzed bodies over real sockets, protobuf by turns over HTTP and gRPC. Each gets the answer that the walk
 * alone gives, and never one that says to come again; what was accepted is in the store, row by row, and in the
 * tallies.
 */
export async function fuzzSockets(
  engine: TestEngine,
  { seed, count }: { seed: number; count: number },
): Promise<{ accepted: number; refused: number; items: number }> {
  const store = createStoreClient({ url: engine.url, token: engine.token });
  await using ingest = await startTestIngest(
    { bodyBytesMax: BYTES_MAX, tenant: `sockets ${seed}`, drainMsMax: 10_000 },
    store,
  );
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const session = connect(`http://${ingest.grpcUrl}`);
  const bodies = new FuzzedBodies(seed);
  const told = { accepted: 0, refused: 0, items: 0 };
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, count - from) }, async (_, offset) => {
        const index = from + offset;
        const fuzzed = bodies.at(index);
        const judged = await judge(fuzzed);
        const overGrpc = fuzzed.contentType === 'protobuf' && index % 2 === 0;
        const what = `body ${index} of seed ${seed}`;
        if (overGrpc) await sendByGrpc(session, fuzzed, judged, what);
        else await sendByHttp({ ingest, agent }, fuzzed, judged, what);
        if ('items' in judged) told.items += judged.items;
        told['items' in judged ? 'accepted' : 'refused']++;
      }),
    );
  }
  agent.destroy();
  session.close();
  await expect.poll(() => ingest.metric('plumbline.ingest.spool.records'), { timeout: 20_000 }).toBe(0);
  expect(await ingest.metric('plumbline.ingest.spool.poisoned')).toBe(0);
  expect(ingest.complaints).toEqual([]);
  expect(await tallied(engine, `sockets ${seed}`)).toBe(told.items);
  return told;
}

/** What the walk alone says of it. */
async function judge(fuzzed: FuzzedBody): Promise<Judged> {
  try {
    const { body } = await decodeBody(fuzzed.signal, fuzzed, new Inflater({ bytesMax: BYTES_MAX }));
    const context = { receivedAtMs: Date.now(), tenant: '' };
    const { itemCount, rejectedCount } = new SignalBatch(fuzzed.signal).append(body, context);
    return { items: itemCount - rejectedCount };
  } catch (error) {
    if (hasCode(error, 'otlp_malformed')) return { refused: 'otlp_malformed' };
    if (hasCode(error, 'otlp_too_large')) return { refused: 'otlp_too_large' };
    throw error;
  }
}

async function sendByHttp(
  { ingest, agent }: { ingest: TestIngest; agent: Agent },
  { signal, contentType, contentEncoding, body }: FuzzedBody,
  judged: Judged,
  what: string,
): Promise<void> {
  const answer = await post(ingest.httpUrl, {
    path: `/v1/${signal}`,
    headers: {
      'content-type': contentType === 'json' ? 'application/json' : 'application/x-protobuf',
      'content-encoding': contentEncoding,
    },
    body,
    agent,
  });
  expect(answer.status, what).toBe('items' in judged ? 200 : HTTP_STATUS[judged.refused]);
  expect(answer.headers['retry-after'], what).toBeUndefined();
}

async function sendByGrpc(
  session: ClientHttp2Session,
  { signal, contentEncoding, body }: FuzzedBody,
  judged: Judged,
  what: string,
): Promise<void> {
  const stream = session.request({
    ':method': 'POST',
    ':path': METHODS[signal],
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-encoding': contentEncoding,
  });
  const frame = Buffer.from([contentEncoding === 'identity' ? 0 : 1, 0, 0, 0, 0]);
  frame.writeUInt32BE(body.length, 1);
  stream.end(Buffer.concat([frame, body]));
  stream.resume();
  let status: unknown;
  stream.on('response', (headers) => (status = headers['grpc-status'] ?? status));
  stream.on('trailers', (trailers) => (status = trailers['grpc-status']));
  await once(stream, 'close');
  expect(status, what).toBe('items' in judged ? '0' : GRPC_STATUS[judged.refused]);
}

async function tallied(engine: TestEngine, tenant: string): Promise<number> {
  const result = await engine.client.query({
    query: 'SELECT sum(Items) AS n FROM tally_source WHERE Tenant = {tenant:String}',
    query_params: { tenant },
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ n: string }>();
  return Number(row?.n);
}
