import { createPrivateKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Approval, DecisionRequest } from '../../core/decision.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { ConstraintSet } from '../constraints/constraint-set.ts';
import { parsePublicKey } from '../constraints/guardrail-values.ts';

/** An approval is of today: who signs for next month signs for whatever that month brings. */
export const APPROVAL_MS_MAX = 86_400_000;

/** The bytes a person signs: canonical JSON (RFC 8785) of {actor, action, target, expiresAt}. */
function approvedBytes({ actor, action, target }: DecisionRequest, expiresAt: string): Buffer {
  return Buffer.from(canonicalJson({ actor, action, target, expiresAt }));
}

/** Signs a request with a person's key. @throws Error when the PEM is no private Ed25519 key */
export function approve(
  request: DecisionRequest,
  of: { by: string; keyId: string; privateKeyPem: string; expiresAt: string },
): Approval {
  const { by, keyId, expiresAt } = of;
  const key = createPrivateKey(of.privateKeyPem);
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(`it is a key of ${key.asymmetricKeyType}, not Ed25519`);
  const signature = sign(null, approvedBytes(request, expiresAt), key).toString('base64');
  return { by, keyId, expiresAt, signature };
}

const parsed = new Map<string, KeyObject | null>();
const PARSED_MAX = 1_000;

function keyOf(text: string): KeyObject | null {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  if (parsed.size >= PARSED_MAX) parsed.clear();
  const key = parsePublicKey(text);
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
  const bytes = Buffer.from(signature, 'base64');
  const isGood = publicKey !== null && verify(null, approvedBytes(request, expiresAt), publicKey, bytes);
  return isGood
    ? null
    : `the signature of ${keyId} is not over this actor, action, target and expiry; sign this very request`;
}

/** Whether any of the sets about the action knows the person who approved it. */
export function isApproved(request: DecisionRequest, sets: readonly ConstraintSet[], nowMs: number): boolean {
  return request.approval !== undefined && sets.some((set) => approvalFault(request, set, nowMs) === null);
}
