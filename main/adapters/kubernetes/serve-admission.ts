import type { FastifyInstance } from 'fastify';
import { ZodError } from 'zod';
import type { Decision, DecisionRequest } from '../../../core/decision.ts';
import { rfc3339 } from '../../../core/time.ts';
import type { Operation } from '../../api/operation.ts';
import { problemOf } from '../../api/problem.ts';
import { askGate } from '../ask-gate.ts';
import { problemJson } from '../problem-json.ts';
import { type AdapterDeps, serveAdapter } from '../serve-adapter.ts';
import { actionsOf } from './actions-of.ts';
import { actorOf } from './actor-of.ts';
import { admissionAnswer, denial, responseOf, warningOf } from './admission-answer.ts';
import {
  type AdmissionAnswer,
  type AdmissionRequest,
  admissionReview,
  admissionAnswer as answerSchema,
} from './admission-review.ts';
import { type BreakGlass, readBreakGlass } from './break-glass.ts';
import { textAt } from './field-at.ts';
import { targetOf } from './target-of.ts';

/** A review holds an object twice; etcd takes 1.5 MiB of one. */
const BODY_BYTES_MAX = 4_194_304;

const admit = {
  method: 'POST',
  prefix: '/adapters',
  path: '/kubernetes/admission',
  id: 'kubernetesAdmission',
  summary: 'ValidatingAdmissionWebhook: an AdmissionReview v1 in and out; 500 leaves it to the failurePolicy',
  body: admissionReview,
  answer: answerSchema,
  failures: ['ledger_unwritable'],
} satisfies Operation;

export const KUBERNETES_OPERATIONS: readonly Operation[] = [admit];

/** The questions a review puts; none when it changes nothing a gate is for. */
function questionsOf(request: AdmissionRequest): readonly DecisionRequest[] {
  const object = request.object ?? request.oldObject;
  const version = textAt(object, 'metadata', 'resourceVersion');
  const name = `${request.resource.resource}/${request.name ?? textAt(object, 'metadata', 'name') ?? ''}`;
  return actionsOf(request).map((action) => ({
    requestId: request.uid,
    mode: request.dryRun === true ? 'shadow' : 'enforce',
    actor: actorOf(request),
    action: { ...action, planGeneration: version === undefined ? undefined : `${name}@${version}` },
    target: targetOf(request),
  }));
}

export function serveAdmission(app: FastifyInstance, deps: AdapterDeps): void {
  const door = {
    operation: admit,
    bodyBytesMax: BODY_BYTES_MAX,
    refuse: (...[problem, reply]: Parameters<typeof problemJson>) =>
      // Anything but 200 is a failed call, and the failurePolicy decides; 500 is the status nobody reads as an answer.
      problemJson(problem.status > 500 ? { ...problem, status: 500 } : problem, reply),
  };
  serveAdapter(app, door, deps, async ({ body }) => {
    try {
      return await judge(admissionReview.parse(body).request, deps);
    } catch (error) {
      const uid = textAt(body, 'request', 'uid');
      const { status, detail } = problemOf(error);
      const isReview = textAt(body, 'apiVersion') === 'admission.k8s.io/v1';
      // A review that can be answered but not understood is denied in its own form.
      if (uid === undefined || status >= 500 || (error instanceof ZodError && !isReview)) throw error;
      return admissionAnswer(uid, denial(400, `cannot judge this: ${detail}`));
    }
  });
}

async function judge(request: AdmissionRequest, deps: AdapterDeps): Promise<AdmissionAnswer> {
  const questions = questionsOf(request);
  if (questions.length === 0) return admissionAnswer(request.uid, { allowed: true });
  const actorType = actorOf(request).type;
  const glass = readBreakGlass(request, { actorType, nowMs: deps.now() });
  if (glass?.isValid === true) return passOpenly(request, { questions, glass }, deps);
  const decisions = await Promise.all(questions.map((question) => askGate(deps.gate, question)));
  const response = responseOf(
    questions.map((question, index) => ({ request: question, decision: decisions[index] as Decision })),
  );
  const note =
    glass === null ? [] : [warningOf(`plumbline.dev/break-glass does not count: ${glass.problem}`)];
  return admissionAnswer(request.uid, {
    ...response,
    ...(note.length > 0 ? { warnings: [...note, ...(response.warnings ?? [])] } : {}),
  });
}

/** What the gate would have said is recorded with who passed it and why; a gate that cannot write stops nobody here. */
async function passOpenly(
  request: AdmissionRequest,
  { questions, glass }: { questions: readonly DecisionRequest[]; glass: BreakGlass & { isValid: true } },
  { gate, log }: AdapterDeps,
): Promise<AdmissionAnswer> {
  const by = request.userInfo.username;
  const until = rfc3339(glass.untilMs);
  const breakGlass = { by, until, reason: glass.reason };
  log.warn({ ...breakGlass, uid: request.uid }, 'Somebody passes the gate by break-glass.');
  const recorded = await Promise.all(
    questions.map((question) => askGate(gate, { ...question, mode: 'shadow', inputs: [{ breakGlass }] })),
  ).catch((error: unknown) => {
    log.error({ error, ...breakGlass }, 'A break-glass could not be recorded in the ledger.');
    return [];
  });
  const ids = recorded.map(({ decisionId }) => decisionId).join(',');
  const said = recorded.map(({ decision }) => decision).join(',');
  return admissionAnswer(request.uid, {
    allowed: true,
    warnings: [
      warningOf(`plumbline: passed by break-glass until ${until}: ${glass.reason}`),
      ...(recorded.length === 0 ? ['plumbline: this could not be recorded in the ledger'] : []),
    ],
    auditAnnotations: {
      'break-glass': `${by} until ${until}: ${glass.reason}`,
      ...(ids === '' ? {} : { 'decision-id': ids, decision: said }),
    },
  });
}
