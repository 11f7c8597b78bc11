import {
  createTraceState,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** W3C Trace Context, version 00 and its compatible successors. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

function callerOf({ headers }: FastifyRequest): SpanContext | null {
  const match = TRACEPARENT.exec(String(headers['traceparent'] ?? ''));
  if (match === null) return null;
  const context = {
    traceId: match[1] as string,
    spanId: match[2] as string,
    traceFlags: Number.parseInt(match[3] as string, 16),
    isRemote: true,
  };
  const { tracestate } = headers;
  return tracestate === undefined
    ? context
    : { ...context, traceState: createTraceState(String(tracestate)) };
}

/**
 * A span for each request of a caller that traces it, inside the caller's trace: a decision then shows where it
 * was asked for. Requests without a trace make none, so probes and pages cost nothing.
 */
export function joinTraces(app: FastifyInstance, tracer: Tracer, now: () => number): void {
  app.addHook('onResponse', (request, reply, done) => {
    const caller = callerOf(request);
    if (caller !== null) {
      const endedAtMs = now();
      const route = request.routeOptions.url ?? 'unknown';
      const attributes = {
        'http.request.method': request.method,
        'http.route': route,
        'http.response.status_code': reply.statusCode,
        'url.scheme': 'http',
      };
      const startTime = endedAtMs - reply.elapsedTime;
      const options = { kind: SpanKind.SERVER, startTime, attributes };
      tracer
        .startSpan(`${request.method} ${route}`, options, trace.setSpanContext(ROOT_CONTEXT, caller))
        .end(endedAtMs);
    }
    done();
  });
}
