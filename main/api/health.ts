import type { FastifyInstance } from 'fastify';
import type { ReadinessCheck } from './readiness.ts';

/** Probes may come without a key. */
export const OPEN_PATHS: readonly string[] = ['/healthz', '/readyz'];

export function serveHealth(
  app: FastifyInstance,
  from: {
    readiness: () => Promise<{ ready: boolean; checks: readonly ReadinessCheck[] }>;
    collectMetrics: () => Promise<string>;
  },
): void {
  app.get('/healthz', () => ({ alive: true }));
  app.get('/readyz', async (_request, reply) => {
    const { ready, checks } = await from.readiness();
    return await reply.status(ready ? 200 : 503).send({ ready, checks });
  });
  app.get('/metrics', async (_request, reply) => {
    const text = await from.collectMetrics();
    return await reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
}
