import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DIMENSIONS } from '../../core/verdict.ts';
import { readVerdicts } from '../../store/verdicts.ts';
import type { ApiDeps } from './api-deps.ts';
import { worstFirst } from './judged-source.ts';
import { type Operation, serveOperation } from './operation.ts';
import { toVerdictJson, verdictJson } from './verdict-json.ts';

const query = z.strictObject({
  service: z.string().optional().describe('service.name'),
  dimension: z.enum(DIMENSIONS).optional(),
  at: z.iso.datetime({ offset: true }).optional().describe('What stood at that time; now unless given.'),
});

const listVerdicts = {
  method: 'GET',
  path: '/verdicts',
  id: 'listVerdicts',
  summary: 'Newest verdict of each source and dimension, not older than 10 minutes, worst first',
  query,
  answer: z.strictObject({ verdicts: z.array(verdictJson) }),
} satisfies Operation;

export const VERDICT_OPERATIONS: readonly Operation[] = [listVerdicts];

export function serveVerdicts(app: FastifyInstance, { client, now }: ApiDeps): void {
  serveOperation(app, listVerdicts, async ({ query: { service, dimension, at } }) => {
    const atMs = at === undefined ? undefined : Date.parse(at);
    const verdicts = await readVerdicts(client, { service, dimension, atMs, nowMs: now() });
    return { verdicts: worstFirst(verdicts, atMs ?? now()).map(toVerdictJson) };
  });
}
