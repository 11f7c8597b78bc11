import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { SIGNALS } from '../../core/signal.ts';
import { parseSamples } from '../doctor/read-metrics.ts';
import { setAsideCounts } from '../set-aside-counts.ts';
import type { ApiDeps } from './api-deps.ts';
import { type Operation, serveOperation } from './operation.ts';

const listSetAside = {
  method: 'GET',
  path: '/set-aside',
  id: 'listSetAside',
  summary: 'Requests that were acknowledged and that the store refuses, by signal and reason',
  answer: z.strictObject({
    setAside: z.array(z.strictObject({ signal: z.enum(SIGNALS), reason: z.string(), requestCount: z.int() })),
  }),
} satisfies Operation;

export const SET_ASIDE_OPERATIONS: readonly Operation[] = [listSetAside];

export function serveSetAside(app: FastifyInstance, { collectMetrics }: ApiDeps): void {
  serveOperation(app, listSetAside, async () => ({
    setAside: setAsideCounts(parseSamples(await collectMetrics())),
  }));
}
