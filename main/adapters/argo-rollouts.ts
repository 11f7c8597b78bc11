import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Decision, DecisionRequest } from '../../core/decision.ts';
import { decisionJson, toDecisionJson } from '../api/decision-json.ts';
import type { Operation } from '../api/operation.ts';
import { askGate } from './ask-gate.ts';
import { decisionLine } from './decision-line.ts';
import { problemJson } from './problem-json.ts';
import { type AdapterDeps, serveAdapter } from './serve-adapter.ts';

const text = z.string().min(1).max(512);

const measurement = z.strictObject({
  service: text.describe('service.name of the telemetry'),
  kind: text.default('rollout.advance').describe('such as rollout.start, rollout.advance, promote'),
  namespace: text.optional(),
  env: text.optional(),
  region: text.optional(),
  actor: text.optional().describe('default: argo-rollouts/<service>'),
  plan: text.optional().describe('what the decision is for, such as the pod template hash'),
});

const answer = z.object({ ...decisionJson.shape, reason: z.string().describe('The decision in one line.') });

const common = {
  prefix: '/adapters',
  path: '/argo-rollouts',
  summary: 'Web metric of Argo Rollouts: 200 for allow, deny and hold; anything else is an Error to it',
  answer,
  failures: ['ledger_unwritable'],
} as const;
const measureByPost = {
  ...common,
  method: 'POST',
  id: 'argoRolloutsPost',
  body: measurement,
} satisfies Operation;
const measureByGet = {
  ...common,
  method: 'GET',
  id: 'argoRolloutsGet',
  query: measurement,
} satisfies Operation;

export const ARGO_ROLLOUTS_OPERATIONS: readonly Operation[] = [measureByPost, measureByGet];

/** @throws ZodError naming every field that is wrong */
function questionOfMeasurement(asked: unknown): DecisionRequest {
  const { service, kind, namespace, env, region, actor, plan } = measurement.parse(asked);
  const place = Object.entries({ namespace, env, region }).filter(([, value]) => value !== undefined);
  return {
    actor: { id: actor ?? `argo-rollouts/${service}`, type: 'deployer' },
    action: { kind, planGeneration: plan },
    target: { service, ...(Object.fromEntries(place) as Record<string, string>) },
  };
}

/** `jsonPath: "{$.decision}"` reads the answer; a hold is neither success nor failure, so Inconclusive. */
function measurementOf(decision: Decision): z.infer<typeof answer> {
  return { ...toDecisionJson(decision), reason: decisionLine(decision) };
}

export function serveArgoRollouts(app: FastifyInstance, deps: AdapterDeps): void {
  for (const operation of [measureByPost, measureByGet]) {
    serveAdapter(app, { operation, refuse: problemJson }, deps, async ({ body, query }) =>
      measurementOf(
        await askGate(deps.gate, questionOfMeasurement(operation.method === 'GET' ? query : body)),
      ),
    );
  }
}
