import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { PipelineError } from '../../core/errors.ts';
import type { Incident } from '../../core/incident.ts';
import { readIncident, readIncidents, writeIncident } from '../../store/incidents.ts';
import type { ApiDeps } from './api-deps.ts';
import { incidentJson, toIncidentJson } from './incident-json.ts';
import { type Operation, serveOperation } from './operation.ts';

const person = z.string().trim().min(1).max(200);
const reason = z.string().trim().min(1).max(2_000);

const open = {
  method: 'POST',
  path: '/incidents',
  id: 'openIncident',
  summary: 'Open an incident: policies that read incident.open hold automation until it is closed',
  body: z.strictObject({
    service: z.string().trim().min(1).max(512).optional().describe('service.name; left out: everything.'),
    by: person.describe('The person who opens it.'),
    reason,
  }),
  answer: incidentJson,
} satisfies Operation;

const close = {
  method: 'POST',
  path: '/incidents/{id}/close',
  id: 'closeIncident',
  summary: 'Close an incident; closing it twice changes nothing',
  params: z.object({ id: z.string() }),
  body: z.strictObject({ by: person, reason }),
  answer: incidentJson,
  failures: ['not_found'],
} satisfies Operation;

const list = {
  method: 'GET',
  path: '/incidents',
  id: 'listIncidents',
  summary: 'Incidents, newest first',
  query: z.strictObject({ state: z.enum(['open', 'all']).default('open') }),
  answer: z.strictObject({ incidents: z.array(incidentJson) }),
} satisfies Operation;

export const INCIDENT_OPERATIONS: readonly Operation[] = [open, close, list];

export function serveIncidents(app: FastifyInstance, { client, gate, now }: ApiDeps): void {
  serveOperation(app, open, async ({ body: { service, by, reason: why } }) => {
    const incident: Incident = {
      id: `i_${randomUUID()}`,
      service: service ?? null,
      reason: why,
      openedAtMs: now(),
      openedBy: by,
      closed: null,
    };
    await writeIncident(client, incident);
    gate.noteIncident(incident);
    return toIncidentJson(incident);
  });
  serveOperation(app, close, async ({ params: { id }, body: { by, reason: why } }) => {
    const known = await readIncident(client, id);
    if (known === null) {
      const text = `There is no incident ${id}; GET /api/v1/incidents lists those that are open.`;
      throw new PipelineError('not_found', text, { id });
    }
    const closed: Incident = { ...known, closed: known.closed ?? { atMs: now(), by, reason: why } };
    if (known.closed === null) await writeIncident(client, closed);
    gate.noteIncident(closed);
    return toIncidentJson(closed);
  });
  serveOperation(app, list, async ({ query: { state } }) => ({
    incidents: (await readIncidents(client, { isOpen: state === 'open' })).map(toIncidentJson),
  }));
}
