import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { PipelineError } from '../../core/errors.ts';
import { readFinding, readFindings } from '../../store/findings.ts';
import type { ApiDeps } from './api-deps.ts';
import { FINDING_STATES, findingJson, toFindingJson } from './finding-json.ts';
import { limitQuery } from './limit-query.ts';
import { type Operation, serveOperation } from './operation.ts';

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

export function serveFindings(app: FastifyInstance, { client }: ApiDeps): void {
  serveOperation(app, listFindings, async ({ query }) => {
    const findings = await readFindings(client, query);
    return { findings: findings.map(toFindingJson) };
  });
  serveOperation(app, getFinding, async ({ params: { id } }) => {
    const finding = await readFinding(client, id);
    if (finding === null) {
      throw new PipelineError('not_found', `There is no finding ${id}; GET /api/v1/findings lists them.`, {
        id,
      });
    }
    return toFindingJson(finding);
  });
}
