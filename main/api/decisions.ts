import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { DecisionRequest } from '../../core/decision.ts';
import { PipelineError } from '../../core/errors.ts';
import { decisionRequestJsonSchema } from '../../gates/decision-request.ts';
import { readDecision, readDecisions } from '../../store/decisions.ts';
import type { ApiDeps } from './api-deps.ts';
import {
  decisionJson,
  recordedDecisionJson,
  toDecisionJson,
  toRecordedDecisionJson,
} from './decision-json.ts';
import { limitQuery } from './limit-query.ts';
import { type Operation, serveOperation } from './operation.ts';

const ask = {
  method: 'POST',
  path: '/decisions',
  id: 'ask',
  summary: 'Ask before acting; every answer (allow, deny, hold) is a 200',
  body: z.unknown(),
  bodySchema: { id: 'DecisionRequest', ...decisionRequestJsonSchema },
  answer: decisionJson,
  failures: ['ledger_unwritable'],
} satisfies Operation;

const listDecisions = {
  method: 'GET',
  path: '/decisions',
  id: 'listDecisions',
  summary: 'Decisions, newest first; a new one is listed within about two seconds',
  query: z.strictObject({ service: z.string().optional().describe('target.service'), limit: limitQuery }),
  answer: z.strictObject({ decisions: z.array(recordedDecisionJson) }),
} satisfies Operation;

const getDecision = {
  method: 'GET',
  path: '/decisions/{id}',
  id: 'getDecision',
  summary: 'One decision with its question',
  params: z.object({ id: z.string() }),
  answer: recordedDecisionJson,
  failures: ['not_found'],
} satisfies Operation;

export const DECISION_OPERATIONS: readonly Operation[] = [ask, listDecisions, getDecision];

export function serveDecisions(app: FastifyInstance, { client, gate }: ApiDeps): void {
  // The gate parses what it is asked: its other doors lead there too.
  serveOperation(app, ask, async ({ body }) => toDecisionJson(await gate.ask(body as DecisionRequest)));
  serveOperation(app, listDecisions, async ({ query }) => {
    const decisions = await readDecisions(client, query);
    return { decisions: decisions.map(toRecordedDecisionJson) };
  });
  serveOperation(app, getDecision, async ({ params: { id } }) => {
    const decision = await readDecision(client, id);
    if (decision === null) {
      throw new PipelineError(
        'not_found',
        `There is no decision ${id} here (yet: a new one takes up to two seconds to be listed); GET /api/v1/decisions lists them.`,
        { id },
      );
    }
    return toRecordedDecisionJson(decision);
  });
}
