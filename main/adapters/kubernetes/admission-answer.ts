import type { Decision, DecisionRequest } from '../../../core/decision.ts';
import { beyondLimits } from '../beyond-limits.ts';
import { decisionLine } from '../decision-line.ts';
import type { AdmissionAnswer } from './admission-review.ts';

type Response = Omit<AdmissionAnswer['response'], 'uid'>;

/** Beyond this the API server may cut a warning off. */
const WARNING_LENGTH_MAX = 256;

export function admissionAnswer(uid: string, response: Response): AdmissionAnswer {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, ...response } };
}

export function warningOf(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > WARNING_LENGTH_MAX ? `${line.slice(0, WARNING_LENGTH_MAX - 1)}…` : line;
}

export function denial(code: number, message: string): Response {
  const reason = code === 403 ? 'Forbidden' : 'BadRequest';
  return { allowed: false, status: { code, reason, message: `plumbline ${message}` } };
}

/** A decision as the one word the API server understands; the others stand beside it. */
interface Ruled {
  readonly decision: Decision;
  /** Null when it may be done. */
  readonly refusal: string | null;
}

function rule(request: DecisionRequest, decision: Decision): Ruled {
  if (decision.decision !== 'allow') return { decision, refusal: decisionLine(decision) };
  const beyond = beyondLimits(request, decision);
  return { decision, refusal: beyond === null ? null : `allow within limits only: ${beyond}.` };
}

/** One object may change in several ways; it is admitted when each of them is. */
export function responseOf(
  asked: readonly { readonly request: DecisionRequest; readonly decision: Decision }[],
): Response {
  const ruled = asked.map(({ request, decision }) => rule(request, decision));
  const refused = ruled.filter(({ refusal }) => refusal !== null);
  const decisions = ruled.map(({ decision }) => decision);
  const auditAnnotations = {
    decision: decisions.map(({ decision }) => decision).join(','),
    'decision-id': decisions.map(({ decisionId }) => decisionId).join(','),
  };
  if (refused.length === 0) {
    const notes = decisions.filter(({ failMode }) => failMode !== null).map(decisionLine);
    const warnings = notes.map((note) => warningOf(`plumbline ${note}`));
    return { allowed: true, auditAnnotations, ...(warnings.length > 0 ? { warnings } : {}) };
  }
  const advice = refused.flatMap(({ decision }) => decision.wouldAllowIf);
  return {
    ...denial(403, refused.map(({ refusal }) => refusal).join(' ')),
    warnings: advice.map((condition) => warningOf(`plumbline would allow if ${condition}`)),
    auditAnnotations,
  };
}
