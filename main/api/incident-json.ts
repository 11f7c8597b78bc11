import { z } from 'zod';
import type { Incident } from '../../core/incident.ts';
import { rfc3339 } from '../../core/time.ts';
import { timeJson } from './time-json.ts';

export const incidentJson = z
  .strictObject({
    id: z.string(),
    service: z.string().nullable().describe('service.name; null: of everything.'),
    reason: z.string(),
    state: z.enum(['open', 'closed']),
    openedAt: timeJson,
    openedBy: z.string(),
    closed: z.strictObject({ at: timeJson, by: z.string(), reason: z.string() }).nullable(),
  })
  .meta({ id: 'Incident', description: 'That people say something is wrong; policies read incident.open.' });

export function toIncidentJson(incident: Incident): z.infer<typeof incidentJson> {
  const { id, service, reason, openedAtMs, openedBy, closed } = incident;
  return {
    id,
    service,
    reason,
    state: closed === null ? 'open' : 'closed',
    openedAt: rfc3339(openedAtMs),
    openedBy,
    closed: closed === null ? null : { at: rfc3339(closed.atMs), by: closed.by, reason: closed.reason },
  };
}
