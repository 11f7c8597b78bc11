import { once } from 'node:events';
import { Agent } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { expect, it } from 'vitest';
import { exportProtobuf } from './export-body.ts';
import { METHODS } from './grpc/call.ts';
import { post } from './http/post.ts';
import { type IngestProcess, startIngestProcess } from './ingest-process.ts';
import { temporaryFolder } from './temporary-folder.ts';

const OVER_HTTP = 700;
const OVER_GRPC = 300;
const ROUNDS = 2;
const BODY = exportProtobuf('logs', { valid: 20, padding: 'x'.repeat(200) });
/** Of the ingest process, for a thousand connections and what they send: 0.1 MB each. */
const GROWTH_BYTES_MAX = 104_857_600;

async function sendByGrpc(session: ClientHttp2Session): Promise<string> {
  const stream = session.request({
    ':method': 'POST',
    ':path': METHODS.logs,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(BODY.length, 1);
  stream.end(Buffer.concat([head, BODY]));
  stream.resume();
  const [trailers] = (await once(stream, 'trailers')) as [Record<string, string>];
  return String(trailers['grpc-status']);
}

async function sendByHttp(ingest: IngestProcess, agent: Agent): Promise<number> {
  const headers = { 'content-type': 'application/x-protobuf' };
  return (await post(ingest.httpUrl, { path: '/v1/logs', headers, body: BODY, agent })).status;
}

const times = <T>(count: number, make: () => T) => Array.from({ length: count }, make);

it('a thousand connections at once are all answered, in bounded memory', async () => {
  await using folder = await temporaryFolder();
  const ingest = await startIngestProcess(
    { dataDir: folder.path, drainMsMax: 100 },
    { url: 'http://127.0.0.1:9' },
  );
  const agent = new Agent({ keepAlive: true, maxSockets: OVER_HTTP });
  const sessions = times(OVER_GRPC, () => connect(`http://${ingest.grpcUrl}`));
  try {
    await sendByHttp(ingest, agent);
    const before = await ingest.peakBytes();
    for (let round = 0; round < ROUNDS; round++) {
      const [http, grpc] = await Promise.all([
        Promise.all(times(OVER_HTTP, () => sendByHttp(ingest, agent))),
        Promise.all(sessions.map(sendByGrpc)),
      ]);
      expect(new Set(http)).toEqual(new Set([200]));
      expect(new Set(grpc)).toEqual(new Set(['0']));
    }
    expect((await ingest.peakBytes()) - before).toBeLessThan(GROWTH_BYTES_MAX);
  } finally {
    agent.destroy();
    for (const session of sessions) session.destroy();
    await ingest.kill();
  }
}, 60_000);
