import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Decision, DecisionRequest } from '../../core/decision.ts';
import type { Operation } from '../api/operation.ts';
import { type Problem, problemOf } from '../api/problem.ts';
import { askGate } from './ask-gate.ts';
import { beyondLimits } from './beyond-limits.ts';
import { decisionLine } from './decision-line.ts';
import { type AdapterDeps, serveAdapter } from './serve-adapter.ts';

const facts = z.record(z.string(), z.unknown());
const entity = z.object({ type: z.string().min(1), id: z.string().min(1), properties: facts.optional() });

/** Fields nobody knows are left out, as the specification asks. */
const evaluation = z.object({
  subject: entity,
  action: z.object({ name: z.string().min(1), properties: facts.optional() }),
  resource: entity,
  context: facts.optional(),
});
type Evaluation = z.infer<typeof evaluation>;

const SEMANTICS = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const;
/** Each is a decision of its own in the ledger. */
const EVALUATIONS_MAX = 100;

const boxcar = z.object({
  subject: z.unknown().optional(),
  action: z.unknown().optional(),
  resource: z.unknown().optional(),
  context: z.unknown().optional(),
  evaluations: z.array(facts).max(EVALUATIONS_MAX).optional(),
  options: z.object({ evaluations_semantic: z.enum(SEMANTICS).default('execute_all') }).optional(),
});

const verdict = z.object({ decision: z.boolean(), context: facts.optional() });
type Verdict = z.infer<typeof verdict>;
const verdicts = z.object({ evaluations: z.array(verdict) });

const evaluate = {
  method: 'POST',
  prefix: '/access/v1',
  path: '/evaluation',
  id: 'authzenEvaluation',
  summary:
    'AuthZEN 1.0 Access Evaluation: true is an allow; hold and deny are false, told apart in the context',
  body: evaluation,
  answer: verdict,
  failures: ['ledger_unwritable'],
} satisfies Operation;

const evaluateAll = {
  method: 'POST',
  prefix: '/access/v1',
  path: '/evaluations',
  id: 'authzenEvaluations',
  summary: 'AuthZEN 1.0 Access Evaluations: several at once, with defaults and three semantics',
  body: boxcar,
  answer: z.union([verdicts, verdict]),
  failures: ['ledger_unwritable'],
} satisfies Operation;

const configuration = {
  method: 'GET',
  prefix: '',
  path: '/.well-known/authzen-configuration',
  id: 'authzenConfiguration',
  summary: 'Where the AuthZEN endpoints of this server are',
  answer: z.object({
    policy_decision_point: z.string(),
    access_evaluation_endpoint: z.string(),
    access_evaluations_endpoint: z.string(),
  }),
} satisfies Operation;

export const AUTHZEN_OPERATIONS: readonly Operation[] = [evaluate, evaluateAll, configuration];

/** Texts among the properties of a resource that describe a target; ours is a map of texts. */
function textsOf(properties: Evaluation['resource']['properties'] = {}): Record<string, string> {
  const texts = Object.entries(properties).filter(([, value]) => typeof value === 'string' && value !== '');
  return Object.fromEntries(texts) as Record<string, string>;
}

/**
 * A resource of type `service` is the service; of any other type it is a part of the target, and its service
 * stands in its properties.
 */
function questionOfEvaluation({ subject, action, resource, context }: Evaluation): DecisionRequest {
  const { from, to, blastRadius, planGeneration, objective, stage } = action.properties ?? {};
  const given = Object.entries({ from, to, blastRadius, planGeneration, objective, stage });
  return {
    mode: context?.['mode'] === 'shadow' ? 'shadow' : 'enforce',
    actor: { id: subject.id, type: subject.type },
    // What these hold is checked by the gate.
    action: { kind: action.name, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) },
    target: { ...textsOf(resource.properties), [resource.type]: resource.id },
  };
}

function verdictOf(request: DecisionRequest, decision: Decision): Verdict {
  const beyond = decision.decision === 'allow' ? beyondLimits(request, decision) : null;
  return {
    decision: decision.decision === 'allow' && beyond === null,
    context: {
      decision: decision.decision,
      decision_id: decision.decisionId,
      reason: beyond === null ? decisionLine(decision) : `allow, within limits: ${beyond}.`,
      valid_until: decision.validUntil,
      ...(decision.retryAfterS === null ? {} : { retry_after_s: decision.retryAfterS }),
      limits: decision.limits,
      would_allow_if: decision.wouldAllowIf,
    },
  };
}

/** One question of several that cannot be judged is a no with its reason; a gate that cannot answer fails all. */
function verdictOfError(error: unknown): Verdict {
  const { status, detail } = problemOf(error);
  if (status >= 500) throw error;
  return { decision: false, context: { error: { status, message: detail } } };
}

export function serveAuthzen(
  app: FastifyInstance,
  deps: AdapterDeps & { publicUrl: string | undefined },
): void {
  const judge = async (asked: unknown): Promise<Verdict> => {
    const request = questionOfEvaluation(evaluation.parse(asked));
    return verdictOf(request, await askGate(deps.gate, request));
  };
  const judgeItem = (asked: unknown): Promise<Verdict> => judge(asked).catch(verdictOfError);

  serveAdapter(app, { operation: evaluate, refuse }, deps, async (request, reply) => {
    identify(request, reply);
    return judge(request.body);
  });
  serveAdapter(app, { operation: evaluateAll, refuse }, deps, async (request, reply) => {
    identify(request, reply);
    const { evaluations = [], options, ...defaults } = boxcar.parse(request.body);
    if (evaluations.length === 0) return judge(defaults);
    const asked = evaluations.map((item) => ({ ...defaults, ...item }));
    const semantic = options?.evaluations_semantic ?? 'execute_all';
    if (semantic === 'execute_all') return { evaluations: await Promise.all(asked.map(judgeItem)) };
    const last = semantic === 'permit_on_first_permit';
    const answered: Verdict[] = [];
    for (const item of asked) {
      answered.push(await judgeItem(item));
      if (answered.at(-1)?.decision === last) break;
    }
    return { evaluations: answered };
  });
  serveAdapter(app, { operation: configuration, refuse }, deps, ({ headers, protocol }) => {
    const base = deps.publicUrl?.replace(/\/$/, '') ?? `${protocol}://${headers.host}`;
    return {
      policy_decision_point: base,
      access_evaluation_endpoint: `${base}/access/v1/evaluation`,
      access_evaluations_endpoint: `${base}/access/v1/evaluations`,
    };
  });
}

const REQUEST_ID_LENGTH_MAX = 200;

/** Whoever names his request finds the name on the answer. */
function identify({ headers }: FastifyRequest, reply: FastifyReply): void {
  const id = headers['x-request-id'];
  if (typeof id === 'string' && id.length <= REQUEST_ID_LENGTH_MAX) reply.header('x-request-id', id);
}

/** The specification has a text as the body of an error. */
function refuse({ status, detail }: Problem, reply: FastifyReply, request: FastifyRequest): FastifyReply {
  identify(request, reply);
  return reply.status(status).type('text/plain; charset=utf-8').send(detail);
}
