import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { readFindings } from '../../store/findings.ts';
import type { ApiDeps } from './api-deps.ts';
import { knownFinding } from './finding-acts.ts';
import { FINDING_STATES, findingJson } from './finding-json.ts';
import { limitQuery } from './limit-query.ts';
import { type Operation, serveOperation } from './operation.ts';
import { readFindingJson, readFindingsJson } from './read-finding-json.ts';

const listFindings = {
  method: 'GET',
  path: '/findings',
  id: 'listFindings',
  summary: 'Findings, newest onset first',
  query: z.strictObject({ state: z.enum(FINDING_STATES).optional(), limit: limitQuery }),
  answer: z.strictObject({ findings: z.array(findingJson) }),
} satisfies Operation;

const getFinding = {
  method: 'GET',
  path: '/findings/{id}',
  id: 'getFinding',
  summary: 'One finding',
  params: z.object({ id: z.string() }),
  answer: findingJson,
  failures: ['not_found'],
} satisfies Operation;

export const FINDING_OPERATIONS: readonly Operation[] = [listFindings, getFinding];

export function serveFindings(app: FastifyInstance, { client, now }: ApiDeps): void {
  serveOperation(app, listFindings, async ({ query }) => {
    const findings = await readFindings(client, query);
    return { findings: await readFindingsJson(client, findings, now()) };
  });
  serveOperation(app, getFinding, async ({ params: { id } }) =>
    readFindingJson(client, await knownFinding(client, id), now()),
  );
}
