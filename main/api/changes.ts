import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { PipelineError } from '../../core/errors.ts';
import { rfc3339 } from '../../core/time.ts';
import { insertChange } from '../../store/recorded-changes.ts';
import { type KnownChange, readChanges } from '../../store/tallies/read-changes.ts';
import type { ApiDeps } from './api-deps.ts';
import { type Operation, serveOperation } from './operation.ts';
import { timeJson } from './time-json.ts';
import { timeRangeOf, timeRangeQuery } from './time-range-query.ts';

/** Clocks differ; what is yet to come is no change yet. */
const AHEAD_MS_MAX = 300_000;

const changeJson = z
  .strictObject({
    at: timeJson.describe('When it was made.'),
    service: z.string(),
    summary: z.string(),
    expects: z
      .string()
      .nullable()
      .describe('What it is said to move; null: nothing that anybody should see.'),
    id: z.string().nullable().describe('null: it came as telemetry.'),
    recordedBy: z.string().nullable(),
  })
  .meta({ id: 'Change', description: 'A change that a person made or approved.' });

const record = {
  method: 'POST',
  path: '/changes',
  id: 'recordChange',
  summary: 'Record a change, where no pipeline sends it',
  body: z.strictObject({
    service: z.string().trim().min(1).max(200).describe('service.name'),
    summary: z.string().trim().min(1).max(2_000),
    expects: z.string().trim().min(1).max(2_000).optional(),
    at: z.iso.datetime({ offset: true }).optional().describe('When it was made; now unless given.'),
    recordedBy: z.string().trim().min(1).max(200).describe('The person who stands for it.'),
  }),
  answer: changeJson,
} satisfies Operation;

const list = {
  method: 'GET',
  path: '/changes',
  id: 'listChanges',
  summary: 'Changes of people, as telemetry and as they wrote them down, in order of time',
  query: z.strictObject({ ...timeRangeQuery, service: z.string().optional() }),
  answer: z.strictObject({ changes: z.array(changeJson) }),
} satisfies Operation;

export const CHANGE_OPERATIONS: readonly Operation[] = [record, list];

export function serveChanges(app: FastifyInstance, { client, now }: ApiDeps): void {
  serveOperation(app, record, async ({ body }) => {
    const atMs = body.at === undefined ? now() : Date.parse(body.at);
    if (atMs > now() + AHEAD_MS_MAX) {
      throw new PipelineError('request_invalid', 'at lies ahead: record a change when it is made.');
    }
    const { service, summary, expects = null, recordedBy } = body;
    const id = `c_${randomUUID()}`;
    await insertChange(client, { id, atMs, service, summary, expects, recordedBy, recordedAtMs: now() });
    return toJson({ atMs, service, summary, expects, written: { id, by: recordedBy, atMs: now() } });
  });
  serveOperation(app, list, async ({ query }) => {
    const changes = await readChanges(client, timeRangeOf(query, now()));
    return {
      changes: changes
        .filter(({ service }) => query.service === undefined || service === query.service)
        .map(toJson),
    };
  });
}

function toJson({ atMs, written, ...change }: KnownChange): z.output<typeof changeJson> {
  return { ...change, at: rfc3339(atMs), id: written?.id ?? null, recordedBy: written?.by ?? null };
}
