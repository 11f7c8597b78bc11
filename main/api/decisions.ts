import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { DecisionRequest } from '../../core/decision.ts';
import { decisionRequestJsonSchema } from '../../gates/decision-request.ts';
import { readDecisions } from '../../store/decisions.ts';
import { readOutcomes } from '../../store/outcomes.ts';
import type { ApiDeps } from './api-deps.ts';
import {
  decisionJson,
  decisionWithOutcomesJson,
  outcomeAsked,
  outcomeJson,
  recordedDecisionJson,
  toOutcomeJson,
  toRecordedDecisionJson,
} from './decision-json.ts';
import { knownDecision } from './known-decision.ts';
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
  summary: 'One decision with its question, and how it turned out',
  params: z.object({ id: z.string() }),
  answer: decisionWithOutcomesJson,
  failures: ['not_found'],
} satisfies Operation;

const recordOutcome = {
  method: 'POST',
  path: '/decisions/{id}/outcome',
  id: 'recordOutcome',
  summary: 'Say how a decision turned out; it becomes a line of the ledger, and the newest one counts',
  params: z.object({ id: z.string() }),
  body: outcomeAsked,
  answer: outcomeJson,
  failures: ['not_found', 'ledger_unwritable'],
} satisfies Operation;

export const DECISION_OPERATIONS: readonly Operation[] = [ask, listDecisions, getDecision, recordOutcome];

export function serveDecisions(app: FastifyInstance, { client, gate }: ApiDeps): void {
  // The gate parses what it is asked: its other doors lead there too.
  serveOperation(app, ask, async ({ body, reply }) => {
    const text = await gate.askForText(body as DecisionRequest);
    reply.type('application/json; charset=utf-8');
    return text;
  });
  serveOperation(app, listDecisions, async ({ query }) => {
    const decisions = await readDecisions(client, query);
    return { decisions: decisions.map(toRecordedDecisionJson) };
  });
  serveOperation(app, getDecision, async ({ params: { id } }) => {
    const [decision, outcomes] = await Promise.all([knownDecision(client, id), readOutcomes(client, id)]);
    return { ...toRecordedDecisionJson(decision), outcomes: outcomes.map(toOutcomeJson) };
  });
  serveOperation(app, recordOutcome, async ({ params: { id }, body: { acted, result, note = null, by } }) => {
    await knownDecision(client, id);
    return toOutcomeJson(await gate.recordOutcome({ decisionId: id, acted, result, note, by }));
  });
}
