import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { metrics, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { listenOnFreePort } from './listen-on-free-port.ts';

/** Answers with a JSON body, or throws: then the caller sees a 500. */
export type Handler = (url: URL) => Promise<Readonly<Record<string, unknown>>>;

/** By `METHOD /path`, exactly as asked for. */
export type Routes = Readonly<Record<string, Handler>>;

/** Bounds that the semantic conventions advise for `http.server.request.duration`, in seconds. */
const DURATION_BOUNDS_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/**
 * A service over HTTP. Each request to one of `routes` is a SERVER span and one point of
 * `http.server.request.duration`; `unobserved` routes (probes, scaling) leave no telemetry.
 * The SDK must have been started before: instruments are bound when they are made.
 * @returns the port
 */
export async function serveRoutes(options: {
  routes: Routes;
  unobserved?: Routes;
  signal: AbortSignal;
}): Promise<number> {
  const { routes, unobserved = {}, signal } = options;
  const observe = observer();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`);
    const route = `${request.method} ${url.pathname}`;
    const hidden = unobserved[route];
    const handler = routes[route];
    if (hidden !== undefined) void answer(response, () => hidden(url));
    else if (handler !== undefined) void observe(request, response, url, () => handler(url));
    else response.writeHead(404).end();
  });
  return await listenOnFreePort(server, signal);
}

async function answer(response: ServerResponse, handle: () => ReturnType<Handler>): Promise<Error | null> {
  let failure: Error | null = null;
  let body: unknown;
  try {
    body = await handle();
  } catch (error) {
    failure = error as Error;
    body = { error: failure.message };
  }
  response.writeHead(failure === null ? 200 : 500, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
  return failure;
}

type Observe = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  handle: () => ReturnType<Handler>,
) => Promise<void>;

function observer(): Observe {
  const tracer = trace.getTracer('shop');
  const duration = metrics.getMeter('shop').createHistogram('http.server.request.duration', {
    unit: 's',
    description: 'Duration of HTTP server requests.',
    advice: { explicitBucketBoundaries: DURATION_BOUNDS_S },
  });
  return async (request, response, url, handle) => {
    const startMs = performance.now();
    const attributes = {
      'http.request.method': request.method ?? 'GET',
      'http.route': url.pathname,
      'url.scheme': 'http',
    };
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    const name = `${request.method} ${url.pathname}`;
    const options = { kind: SpanKind.SERVER, attributes: { ...attributes, 'url.path': url.pathname } };
    await tracer.startActiveSpan(name, options, parent, async (span) => {
      const failure = await answer(response, handle);
      const outcome = {
        'http.response.status_code': response.statusCode,
        ...(failure === null ? {} : { 'error.type': '500' }),
      };
      span.setAttributes(outcome);
      if (failure !== null) span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
      span.end();
      duration.record((performance.now() - startMs) / 1_000, { ...attributes, ...outcome });
    });
  };
}
