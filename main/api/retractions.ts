import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { rfc3339 } from '../../core/time.ts';
import { readRetractions } from '../../store/retractions.ts';
import type { ApiDeps } from './api-deps.ts';
import { type Operation, serveOperation } from './operation.ts';
import { sourceJson, toSourceJson } from './source-json.ts';
import { timeJson } from './time-json.ts';

const FOUND_WITHIN_MS = 3_600_000;

const retractionJson = z
  .strictObject({
    id: z.string(),
    source: sourceJson,
    window: z.strictObject({ start: timeJson, end: timeJson }),
    closedAt: timeJson.describe('When the window was called complete.'),
    promisedRatio: z.number().describe('The share that was said to be here then, at least.'),
    heldItems: z.number().describe('What was here then.'),
    items: z.number().describe('What is here by now.'),
  })
  .meta({
    id: 'Retraction',
    description:
      'A window of event time that was called complete, and of which more came than was allowed for.',
  });

const listRetractions = {
  method: 'GET',
  path: '/retractions',
  id: 'listRetractions',
  summary: 'Promises of completeness that late data took back, found within the last hour, 1,000 at most',
  answer: z.strictObject({ retractions: z.array(retractionJson) }),
} satisfies Operation;

export const RETRACTION_OPERATIONS: readonly Operation[] = [listRetractions];

export function serveRetractions(app: FastifyInstance, { client, now }: ApiDeps): void {
  serveOperation(app, listRetractions, async () => {
    const found = await readRetractions(client, now() - FOUND_WITHIN_MS);
    const retractions = found.map(({ id, source, startMs, endMs, closedAtMs, ...counts }) => ({
      id,
      source: toSourceJson(source),
      window: { start: rfc3339(startMs), end: rfc3339(endMs) },
      closedAt: rfc3339(closedAtMs),
      promisedRatio: counts.promisedRatio,
      heldItems: counts.heldItems,
      items: counts.items,
    }));
    return { retractions };
  });
}
