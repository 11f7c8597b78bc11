import type { Approval, DecisionRequest } from '../../core/decision.ts';
import type { ConstraintSet } from '../constraints/constraint-set.ts';
import { readPublicKey } from '../constraints/guardrail-values.ts';
import type { PublicKey } from '../receipts/public-key.ts';
import type { SigningKey } from '../receipts/signing-key.ts';
import { isStatementSigned, type Statement, signStatement } from '../receipts/statement.ts';

/** An approval is of today: who signs for next month signs for whatever that month brings. */
export const APPROVAL_MS_MAX = 86_400_000;

/** What a person signs: this very request, and until when. */
function approvalOf({ actor, action, target }: DecisionRequest, expiresAt: string): Statement {
  return { act: 'action.approve', actor, action, target, expiresAt };
}

/** Signs a request with a person's key. */
export function approve(
  request: DecisionRequest,
  { by, keyId, key, expiresAt }: { by: string; keyId: string; key: SigningKey; expiresAt: string },
): Approval {
  return { by, keyId, expiresAt, signature: signStatement(approvalOf(request, expiresAt), key) };
}

const parsed = new Map<string, PublicKey | null>();
const PARSED_MAX = 1_000;

function keyOf(text: string): PublicKey | null {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  if (parsed.size >= PARSED_MAX) parsed.clear();
  const key = readPublicKey(text);
  parsed.set(text, key);
  return key;
}

/** Why an approval does not count, and what to do; null when it does. */
export function approvalFault(
  request: DecisionRequest,
  { keys }: Pick<ConstraintSet, 'keys'>,
  nowMs: number,
): string | null {
  const { approval, actor } = request;
  const known = keys.map(({ id }) => id).join(', ') || 'nobody';
  if (approval === undefined)
    return `it carries none; a person of ${known} signs it with "plumbline approve"`;
  const { by, keyId, expiresAt, signature } = approval;
  if (by === actor.id) return `${by} cannot approve an action of its own; a second person must`;
  const key = keys.find(({ id }) => id === keyId);
  if (key === undefined) return `key "${keyId}" is not among those listed: ${known}`;
  const restMs = Date.parse(expiresAt) - nowMs;
  if (!(restMs > 0)) return `it expired at ${expiresAt}; sign it anew`;
  if (restMs > APPROVAL_MS_MAX) return `it lasts until ${expiresAt}; sign one for 24 h at most`;
  const publicKey = keyOf(key.publicKey);
  const isGood =
    publicKey !== null && isStatementSigned(approvalOf(request, expiresAt), signature, publicKey);
  return isGood
    ? null
    : `the signature of ${keyId} is not over this actor, action, target and expiry; sign this very request`;
}

/** Whether any of the sets about the action knows the person who approved it. */
export function isApproved(request: DecisionRequest, sets: readonly ConstraintSet[], nowMs: number): boolean {
  return request.approval !== undefined && sets.some((set) => approvalFault(request, set, nowMs) === null);
}
