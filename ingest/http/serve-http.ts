import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { FAILURES, type PipelineError } from '../../core/errors.ts';
import type { ContentType } from '../export-request.ts';
import { encodeExportResponse } from '../export-response.ts';
import type { RequestOutcome } from '../ingest-metrics.ts';
import { portTaken } from '../port-taken.ts';
import { ClientGone, readBody } from '../read-body.ts';
import { retryAfterS } from '../retry-after.ts';
import { asPipelineError, encodeRpcStatus, rpcStatusOf } from '../rpc-status.ts';
import type { Transport, TransportParts } from '../transport.ts';
import { answerBrokenRequest } from './answer-broken-request.ts';
import { drainRequest } from './drain-request.ts';
import { contentTypeOf, readHead, signalOf } from './request-head.ts';

/** An idle connection outlives the pauses between exports (10 s to 60 s), else every export would connect anew. */
const KEEP_ALIVE_MS = 75_000;

/** For a client that was refused to finish sending; one that was too slow before only needs to see the answer. */
const DRAIN_MS_MAX = 10_000;
const SLOW_DRAIN_MS_MAX = 1_000;

const MEDIA_TYPE: Readonly<Record<ContentType, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** OTLP/HTTP. @throws PipelineError port_taken */
export async function serveHttp(parts: TransportParts): Promise<Transport> {
  const handle = (request: IncomingMessage, response: ServerResponse) =>
    void answer(parts, request, response);
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: parts.limits.headersMsMax,
      requestTimeout: 0, // bodies have a limit of their own, which can answer
      requireHostHeader: false, // node would answer without a status; we ask for it ourselves
      connectionsCheckingInterval: 1_000,
    },
    handle,
  );
  // The client waits for "100 Continue" before it sends its body, which a refusal saves it.
  server.on('checkContinue', handle);
  server.on('checkExpectation', handle);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    parts.metrics.request({
      signal: 'unknown',
      transport: 'http',
      outcome: answerBrokenRequest(error, socket),
    });
  });
  await listen(server, parts);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 1_000).unref();
      }),
  };
}

function listen(server: Server, { host, port }: TransportParts): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(portTaken(error, { host, port, variable: 'PLUMBLINE_OTLP_HTTP_PORT' })),
    );
    server.listen({ host, port, backlog: 1_024 }, resolve);
  });
}

async function answer(
  parts: TransportParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const signal = signalOf(request.url) ?? 'unknown';
  let outcome: RequestOutcome;
  try {
    outcome = await parts.admission.during(() => serve(parts, request, response));
  } catch (error) {
    outcome = error instanceof ClientGone ? 'aborted' : refuse(parts, { request, response, error });
  }
  parts.metrics.request({ signal, transport: 'http', outcome });
}

async function serve(
  { limits, admission, keys }: TransportParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<RequestOutcome> {
  const head = readHead(request, limits.bodyBytesMax);
  keys.check(request.headers.authorization);
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
  const { body, release } = await readBody(request, limits, { budget: admission.budget });
  try {
    const producer = request.socket.remoteAddress ?? '';
    const result = await admission.admit({ ...head, transport: 'http', body }, producer);
    send(
      response,
      { status: 200, contentType: head.contentType },
      encodeExportResponse(head.signal, head.contentType, result),
    );
    return result.rejectedCount > 0 ? 'partial' : 'accepted';
  } finally {
    release();
  }
}

/** A google.rpc.Status in the request's own encoding; JSON when the request has none that we know. */
function refuse(
  { log, random }: TransportParts,
  { request, response, error }: { request: IncomingMessage; response: ServerResponse; error: unknown },
): PipelineError['code'] {
  const failure = asPipelineError(error);
  if (failure.code === 'internal') log.error({ error, url: request.url }, failure.message);
  const contentType = contentTypeOf(request) ?? 'json';
  const { httpStatus, retryable } = FAILURES[failure.code];
  const waitS = retryable ? retryAfterS(random) : null;
  if (waitS !== null) response.setHeader('retry-after', String(waitS));
  if (failure.code === 'method_not_allowed') response.setHeader('allow', 'POST');
  if (failure.code === 'unauthenticated') response.setHeader('www-authenticate', 'Bearer');
  // Who waits for "100 Continue" may or may not send its body now: only a new connection is unambiguous.
  if (request.headers.expect !== undefined || failure.code === 'draining')
    response.setHeader('connection', 'close');
  const status = encodeRpcStatus(rpcStatusOf(failure, waitS), contentType);
  writeWhole(response, { status: httpStatus, contentType }, status);
  // The answer is complete on the wire, but it ends only after the body: with "Connection: close" its end would
  // close the connection under a client that still sends.
  if (request.headers.expect !== undefined) response.end();
  const isSlow = failure.code === 'request_timeout';
  drainRequest(request, isSlow ? SLOW_DRAIN_MS_MAX : DRAIN_MS_MAX, () => response.end());
  return failure.code;
}

function send(response: ServerResponse, head: ResponseHead, body: Buffer): void {
  writeWhole(response, head, body);
  response.end();
}

interface ResponseHead {
  readonly status: number;
  readonly contentType: ContentType;
}

function writeWhole(response: ServerResponse, { status, contentType }: ResponseHead, body: Buffer): void {
  response.writeHead(status, { 'content-type': MEDIA_TYPE[contentType], 'content-length': body.length });
  if (body.length > 0) response.write(body);
}
