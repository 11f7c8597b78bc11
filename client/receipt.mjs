// @ts-check
import { createHash, createPublicKey, verify } from 'node:crypto';

const RECEIPT_TYPE = 'plumbline-receipt+jwt';
/** Clocks of two machines: a receipt of the next seconds is taken, one that has expired never. */
const SKEW_MS = 5_000;
const ED25519_TYPE = 1;
const KEY_BYTES = 32;
const VERIFIER_LINE = /^[^\s+]+\+[0-9a-f]{8}\+([A-Za-z0-9+/]+={0,2})$/;

/**
 * Why a receipt does not stand for this allow of this action, now; null when it does. The same checks as
 * `plumbline receipt verify`, but for the sizes, which are held against the decision.
 * @param {unknown} token
 * @param {{ publicKeys: readonly string[], request: import('./client.d.mts').GateRequest, decision: import('./client.d.mts').GateDecision, nowMs: number }} of
 * @returns {string | null}
 */
export function receiptProblem(token, { publicKeys, request, decision, nowMs }) {
  if (typeof token !== 'string') return 'the answer carries no receipt';
  const parts = token.split('.');
  const [header64 = '', payload64 = '', signature64 = ''] = parts;
  if (parts.length !== 3 || parts.some((part) => !isCanonical(part))) return 'the receipt is malformed';
  const header = parse(header64);
  if (header?.['typ'] !== RECEIPT_TYPE || header['alg'] !== 'EdDSA') return 'the receipt is of another type';
  const key = publicKeys.map(readKey).find(({ keyId }) => keyId === header['kid']);
  if (key === undefined) return 'the receipt is signed with a key that was not given';
  if (!verify(null, Buffer.from(`${header64}.${payload64}`), key.key, Buffer.from(signature64, 'base64url')))
    return 'the signature of the receipt is false';
  const claims = parse(payload64);
  if (claims === null) return 'the receipt is malformed';
  const { action, target, planGeneration = null, exp, iat } = claims;
  if (claims['decision'] !== 'allow' || claims['jti'] !== decision.decisionId)
    return 'the receipt is of another decision';
  if (!(1_000 * Number(iat) <= nowMs + SKEW_MS)) return 'the receipt is of a time yet to come';
  if (!(nowMs < 1_000 * Number(exp))) return 'the receipt has expired';
  if (Math.round(1_000 * Number(exp)) !== Date.parse(decision.validUntil))
    return 'the receipt ends at another time than the answer';
  if (!isSame(claims['limits'], decision.limits)) return 'the receipt has other limits than the answer';
  if (!isSame(target, request.target) || claims['actor'] !== request.actor.id)
    return 'the receipt is for another target or actor';
  const { kind, from = null, to = null } = request.action;
  if (!isSame(action, { kind, from, to })) return 'the receipt is for another action';
  if (planGeneration !== (request.action.planGeneration ?? null)) return 'the receipt is for another plan';
  return null;
}

/**
 * A line `name+hash+key` as `plumbline ledger key` prints it, or PEM.
 * @param {string} text
 * @throws {TypeError} when it is neither: a key that cannot be read must not look like one that was not given
 */
export function readKey(text) {
  const line = VERIFIER_LINE.exec(text.trim());
  const typed = line === null ? null : Buffer.from(String(line[1]), 'base64');
  if (typed !== null && (typed.length !== 1 + KEY_BYTES || typed[0] !== ED25519_TYPE))
    throw new TypeError('This public key is not Ed25519: give what "plumbline ledger key" prints.');
  try {
    const key =
      typed === null
        ? createPublicKey(text)
        : createPublicKey({
            key: { kty: 'OKP', crv: 'Ed25519', x: typed.subarray(1).toString('base64url') },
            format: 'jwk',
          });
    const { x } = key.export({ format: 'jwk' });
    const members = `{"crv":"Ed25519","kty":"OKP","x":"${x}"}`; // RFC 7638
    if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('not Ed25519');
    return { key, keyId: createHash('sha256').update(members).digest('base64url') };
  } catch (cause) {
    throw new TypeError('This is no public key: give what "plumbline ledger key" prints, or PEM.', { cause });
  }
}

/** Base64url has several spellings of the same bytes; only the one that is written is a receipt. @param {string} part */
function isCanonical(part) {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;
}

/** @param {string} part @returns {Record<string, unknown> | null} */
function parse(part) {
  try {
    const value = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** @param {unknown} left @param {unknown} right @returns {boolean} */
function isSame(left, right) {
  return JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
}

/** @param {unknown} value @returns {unknown} */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return members
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => [name, sorted(member)]);
}
