import type { Meter } from '@opentelemetry/api';
import type { FastifyInstance } from 'fastify';

/** Bounds that the semantic conventions advise for this histogram, in seconds, and 2.5 ms: a decision is faster. */
const BOUNDS_S = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** One point of `http.server.request.duration` per answer, by route and status; the path itself is unbounded. */
export function observeRequests(app: FastifyInstance, meter: Meter): void {
  const duration = meter.createHistogram('http.server.request.duration', {
    unit: 's',
    description: 'Duration of HTTP server requests.',
    advice: { explicitBucketBoundaries: BOUNDS_S },
  });
  app.addHook('onResponse', (request, reply, done) => {
    duration.record(reply.elapsedTime / 1_000, {
      'http.request.method': request.method,
      'http.route': request.routeOptions.url ?? 'unknown',
      'http.response.status_code': reply.statusCode,
      'url.scheme': 'http',
    });
    done();
  });
}
