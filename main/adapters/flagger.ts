import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Decision, DecisionRequest } from '../../core/decision.ts';
import type { Operation } from '../api/operation.ts';
import type { Problem } from '../api/problem.ts';
import { askGate } from './ask-gate.ts';
import { decisionLine } from './decision-line.ts';
import { type AdapterDeps, serveAdapter } from './serve-adapter.ts';

const text = z.string().min(1).max(512);

/** What Flagger posts; more fields may come with its next version. */
const webhook = z.object({
  name: text.describe('of the Canary'),
  namespace: text,
  phase: z.string(),
  checksum: z.string().optional(),
  metadata: z.record(z.string(), z.string()).default({}),
});
type Webhook = z.infer<typeof webhook>;

/** One path for all types of hook would roll back whenever it says yes: on `rollback`, 2xx means "do it now". */
const HOOKS = ['confirm', 'rollout', 'rollback'] as const;
type Hook = (typeof HOOKS)[number];

/** The body of a failed hook becomes the text of a Kubernetes event. */
interface Verdict {
  readonly status: 200 | 403;
  readonly line: string;
}

const SUMMARIES: Readonly<Record<Hook, string>> = {
  confirm: 'Flagger hooks confirm-rollout, confirm-traffic-increase, confirm-promotion: 200, or 403 to wait',
  rollout: 'Flagger hook rollout: 200, or 403, which Flagger counts as a failed check',
  rollback: 'Flagger hook rollback: 200 only when a rollback was requested for this revision and is allowed',
};

const OPERATIONS: readonly (Operation & { hook: Hook })[] = HOOKS.map((hook) => ({
  hook,
  method: 'POST' as const,
  prefix: '/adapters',
  path: `/flagger/${hook}`,
  id: `flagger${hook[0]?.toUpperCase()}${hook.slice(1)}`,
  summary: SUMMARIES[hook],
  body: webhook,
  answer: z.string().describe('One line of text.'),
  otherTypes: ['text/plain'],
  failures: ['ledger_unwritable' as const],
}));

export const FLAGGER_OPERATIONS: readonly Operation[] = OPERATIONS;

/** Flagger does not say which type of hook calls: `metadata.kind` does, else the phase. */
function kindOf(hook: Hook, { phase, metadata }: Webhook): string {
  if (hook !== 'confirm') return hook === 'rollback' ? 'rollback' : 'rollout.advance';
  const { kind } = metadata;
  if (kind !== undefined) return kind;
  if (/promot/i.test(phase)) return 'promote';
  return phase === 'Progressing' ? 'rollout.advance' : 'rollout.start';
}

/**
 * Why there is nothing to ask; null when there is. A rollback is requested by naming the revision: a request that
 * stands in the Canary for ever must not roll back the next one.
 */
function nothingToAsk(hook: Hook, { checksum, metadata }: Webhook): string | null {
  if (hook !== 'rollback') return null;
  const { rollback } = metadata;
  if (rollback === undefined || rollback === '') return 'no rollback was requested';
  return rollback === checksum
    ? null
    : `a rollback was requested for revision ${rollback}, and this is ${checksum}`;
}

function questionOfHook(hook: Hook, asked: Webhook): DecisionRequest {
  const { name, namespace, checksum, metadata } = asked;
  const { service = name, env, region } = metadata;
  const place = Object.entries({ env, region }).filter(([, value]) => value !== undefined);
  return {
    actor: { id: `flagger/${namespace}`, type: 'deployer' },
    action: {
      kind: kindOf(hook, asked),
      stage: 'deployment',
      planGeneration: checksum === undefined || checksum === '' ? undefined : `canary/${name}@${checksum}`,
    },
    target: {
      service,
      ...(Object.fromEntries(place) as Record<string, string>),
      'k8s.namespace': namespace,
      'k8s.name': name,
    },
  };
}

/** Never 204: Flagger takes nothing above 202 for a success. */
function verdictOf(decision: Decision): Verdict {
  return { status: decision.decision === 'allow' ? 200 : 403, line: decisionLine(decision) };
}

export function serveFlagger(app: FastifyInstance, deps: AdapterDeps): void {
  for (const operation of OPERATIONS) {
    const { hook } = operation;
    serveAdapter(app, { operation, refuse }, deps, async ({ body }, reply) => {
      const asked = webhook.parse(body);
      const none = nothingToAsk(hook, asked);
      if (none !== null) return say(reply, { status: 403, line: `deny: ${none}.` });
      return say(reply, verdictOf(await askGate(deps.gate, questionOfHook(hook, asked))));
    });
  }
}

function say(reply: FastifyReply, { status, line }: { status: number; line: string }): FastifyReply {
  return reply.status(status).type('text/plain; charset=utf-8').send(line);
}

function refuse({ status, detail }: Problem, reply: FastifyReply): FastifyReply {
  return say(reply, { status, line: `error: ${detail.replaceAll(/\s+/g, ' ')}` });
}
