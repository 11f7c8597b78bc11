import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnFreePort } from '../shop/listen-on-free-port.ts';
import type { FaultSwitches } from './fault.ts';

export const LOST_RATIO = 0.2;
const HELD_MS = 15_000;

interface ExportRequest {
  readonly path: string;
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

async function readRequest(request: IncomingMessage): Promise<ExportRequest> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return {
    path: request.url ?? '/',
    contentType: request.headers['content-type'] ?? 'application/x-protobuf',
    body: new Uint8Array(Buffer.concat(chunks)),
  };
}

/**
 * The last metres of checkout's telemetry: its SDK exports to this relay inside its own process, which passes
 * every request on as it is, and can lose or hold whole requests while telling the SDK that all is well. A
 * relay and not a wrapped exporter, so that traces, metrics and logs share one path and the SDK stays the
 * one that everybody runs, configured by its environment alone.
 */
export async function startExportPath(options: {
  upstreamUrl: string;
  faults: () => FaultSwitches;
  random: () => number;
  signal: AbortSignal;
}): Promise<{ url: string }> {
  const { upstreamUrl, faults, random, signal } = options;
  const forward = ({ path, contentType, body }: ExportRequest): Promise<Response> =>
    fetch(`${upstreamUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
      signal,
    });

  const held = new Set<() => void>();

  /** Sends it later, or as soon as the fault is off: a backlog drains when what held it up is gone. */
  const hold = (request: ExportRequest): void => {
    const release = (): void => {
      clearTimeout(timer);
      held.delete(release);
      // Nobody is left to tell when a held request fails: the SDK was told it is done.
      forward(request).catch(() => undefined);
    };
    const timer = setTimeout(release, HELD_MS);
    timer.unref();
    held.add(release);
  };

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    const { lose, delay } = faults();
    if (!delay) for (const release of held) release();
    if (lose && random() < LOST_RATIO) {
      sayDone(response, request.contentType);
    } else if (delay) {
      sayDone(response, request.contentType);
      hold(request);
    } else {
      const answered = await forward(request);
      const body = Buffer.from(await answered.arrayBuffer());
      response.writeHead(answered.status, {
        'content-type': answered.headers.get('content-type') ?? request.contentType,
      });
      response.end(body);
    }
  };
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => {
      // The ingest does not answer: the SDK keeps the batch and comes back.
      if (!response.headersSent) response.writeHead(503);
      response.end();
    });
  });
  return { url: `http://127.0.0.1:${await listenOnFreePort(server, signal)}` };
}

/** An empty ExportXServiceResponse: complete success, in protobuf and in JSON. */
function sayDone(response: ServerResponse, contentType: string): void {
  response.writeHead(200, { 'content-type': contentType });
  response.end(contentType.startsWith('application/json') ? '{}' : undefined);
}
