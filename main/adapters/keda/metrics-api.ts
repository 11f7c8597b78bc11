import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Decision, DecisionRequest } from '../../../core/decision.ts';
import type { Operation } from '../../api/operation.ts';
import { askGate } from '../ask-gate.ts';
import { decisionLine } from '../decision-line.ts';
import { problemJson } from '../problem-json.ts';
import { type AdapterDeps, serveAdapter } from '../serve-adapter.ts';

const text = z.string().min(1).max(512);
const count = z.coerce.number().int().min(0).max(1_000_000);

const reading = z.strictObject({
  service: text.describe('service.name of the telemetry'),
  floor: count
    .default(0)
    .describe('`value` while scaling down is allowed: as little as this trigger asks for'),
  keep: count
    .optional()
    .describe(
      '`value` while it is not allowed: a size known to be enough. Without it, a 503 then: KEDA keeps what is',
    ),
  namespace: text.optional(),
  env: text.optional(),
  region: text.optional(),
  actor: text.optional().describe('default: keda/<service>'),
});
type Reading = z.infer<typeof reading>;

const answer = z.object({
  value: z.number().describe('valueLocation of the trigger; in replicas, for targetValue "1"'),
  decision: z.enum(['allow', 'deny', 'hold']),
  decisionId: z.string(),
  reason: z.string(),
});

const readMetric = {
  method: 'GET',
  prefix: '/adapters',
  path: '/keda/metrics',
  id: 'kedaMetrics',
  summary: 'KEDA metrics-api trigger: how many replicas must stay, as far as the data can tell',
  query: reading,
  answer,
  failures: ['ledger_unwritable'],
} satisfies Operation;

export const KEDA_OPERATIONS: readonly Operation[] = [readMetric];

/** In shadow mode: a poll every few seconds is no action, and must not use up the budget of actions. */
function questionOfReading({ service, namespace, env, region, actor }: Reading): DecisionRequest {
  const place = Object.entries({ namespace, env, region }).filter(([, value]) => value !== undefined);
  return {
    mode: 'shadow',
    actor: { id: actor ?? `keda/${service}`, type: 'autoscaler' },
    action: { kind: 'scale.down' },
    target: { service, ...(Object.fromEntries(place) as Record<string, string>) },
  };
}

/**
 * What KEDA sees. Never 0 for "not known": without a size to keep there is no number and no 200, which is an error to
 * KEDA, and an HPA with a metric in error does not scale down.
 */
function readingOf(
  decision: Decision,
  { floor, keep }: Pick<Reading, 'floor' | 'keep'>,
): { status: 200 | 503; body: Partial<z.infer<typeof answer>> } {
  const said = {
    decision: decision.decision,
    decisionId: decision.decisionId,
    reason: decisionLine(decision),
  };
  const { minTo } = decision.limits as { minTo?: { replicas?: number } };
  const least = decision.decision === 'allow' ? (minTo?.replicas ?? 0) : keep;
  if (least === undefined) return { status: 503, body: said };
  return { status: 200, body: { value: Math.max(floor, least), ...said } };
}

export function serveKeda(app: FastifyInstance, deps: AdapterDeps): void {
  serveAdapter(app, { operation: readMetric, refuse: problemJson }, deps, async ({ query }, reply) => {
    const asked = reading.parse(query);
    const { status, body } = readingOf(await askGate(deps.gate, questionOfReading(asked)), asked);
    return reply.status(status).send(body);
  });
}
