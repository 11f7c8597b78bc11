import type { FastifyInstance } from 'fastify';
import { PipelineError } from '../../core/errors.ts';
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
    let text: string;
    try {
      text = await from.collectMetrics();
    } catch (error) {
      throw new PipelineError(
        'overloaded',
        `The metrics could not be collected: ${(error as Error).message}`,
        {},
        error,
      );
    }
    return await reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
}
