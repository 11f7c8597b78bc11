import { isSignedBy, type PublicKey } from './public-key.ts';
import { RECEIPT_TYPE, type ReceiptClaims } from './receipt-claims.ts';

/** What somebody is about to do, with a receipt in hand. */
export interface IntendedAction {
  readonly kind: string;
  readonly target: Readonly<Record<string, string>>;
  /** Where it stands now; counts where the question did not say it. */
  readonly from?: Readonly<Record<string, unknown>> | undefined;
  /** Left out: what was asked for. */
  readonly to?: Readonly<Record<string, unknown>> | undefined;
  readonly planGeneration?: string | undefined;
}

type ReceiptRefusal =
  | 'malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'not_an_allow'
  | 'not_yet_valid'
  | 'expired'
  | 'other_action'
  | 'other_target'
  | 'other_plan_generation'
  | 'outside_limits';

export type ReceiptCheck =
  | { readonly isValid: true; readonly claims: ReceiptClaims }
  | { readonly isValid: false; readonly reason: ReceiptRefusal; readonly text: string };

interface Intent {
  readonly keys: readonly PublicKey[];
  readonly action: IntendedAction;
  readonly nowMs: number;
}

/** Clocks of two machines: a receipt of the next seconds is taken, one that has expired never. */
const SKEW_MS = 5_000;

/**
 * Does this receipt allow exactly this, now? Needs no network: only the public keys of the replicas, which
 * `plumbline ledger key` prints. Anything but a clear yes is a no with its reason.
 */
export function verifyReceipt(token: string, { keys, action, nowMs }: Intent): ReceiptCheck {
  const claims = openReceipt(token, keys);
  if ('reason' in claims) return claims;
  const refusal = refusalOf(claims, action, nowMs);
  return refusal === null ? { isValid: true, claims } : { isValid: false, ...refusal };
}

type Refusal = { readonly reason: ReceiptRefusal; readonly text: string };

function openReceipt(
  token: string,
  keys: readonly PublicKey[],
): ReceiptClaims | (Refusal & { isValid: false }) {
  const refuse = (reason: ReceiptRefusal, text: string) => ({ isValid: false as const, reason, text });
  const [header64 = '', payload64 = '', signature64 = '', ...rest] = token.trim().split('.');
  const parts = [header64, payload64, signature64];
  // Base64url has several spellings of the same bytes; only the one that is written is a receipt.
  if (rest.length > 0 || parts.some((part) => part === '' || !isCanonical(part)))
    return refuse('malformed', 'It is no receipt: a receipt is three parts in base64url, with dots between.');
  const header = parse<{ alg?: unknown; kid?: unknown; typ?: unknown }>(header64);
  if (header?.typ !== RECEIPT_TYPE || header.alg !== 'EdDSA')
    return refuse('malformed', `It is no receipt: its header is not of type ${RECEIPT_TYPE} with EdDSA.`);
  const key = keys.find(({ keyId }) => keyId === header.kid);
  if (key === undefined)
    return refuse(
      'unknown_key',
      `It is signed with the key ${String(header.kid)}, which is none of those given.`,
    );
  if (!isSignedBy(key, `${header64}.${payload64}`, Buffer.from(signature64, 'base64url')))
    return refuse(
      'bad_signature',
      `Its signature is not that of ${key.name}: it was changed, or never signed.`,
    );
  const claims = parse<ReceiptClaims>(payload64);
  if (claims === null) return refuse('malformed', 'Its payload is no JSON object.');
  const missing = (['action', 'target', 'limits'] as const).find((name) => !isObject(claims[name]));
  return missing === undefined ? claims : refuse('malformed', `Its payload says no ${missing}.`);
}

function refusalOf(claims: ReceiptClaims, action: IntendedAction, nowMs: number): Refusal | null {
  const { decision, jti, target, planGeneration } = claims;
  if (decision !== 'allow')
    return { reason: 'not_an_allow', text: `${jti} is no allow: it says ${decision}.` };
  // Written so that a time that is none (NaN) is refused too.
  if (!(1_000 * claims.iat <= nowMs + SKEW_MS))
    return {
      reason: 'not_yet_valid',
      text: `${jti} was given at ${timeText(claims.iat)}, which is yet to come.`,
    };
  if (!(nowMs < 1_000 * claims.exp))
    return { reason: 'expired', text: `${jti} was valid until ${timeText(claims.exp)}: ask again.` };
  if (action.kind !== claims.action.kind)
    return { reason: 'other_action', text: `${jti} is about ${claims.action.kind}, not ${action.kind}.` };
  const missed = Object.entries(target).find(([name, value]) => action.target[name] !== value);
  if (missed !== undefined) {
    const [name, value] = missed;
    const text = `${jti} is for ${name}=${value}, not ${name}=${action.target[name] ?? '(any)'}.`;
    return { reason: 'other_target', text };
  }
  if (planGeneration !== (action.planGeneration ?? null)) {
    const text = `${jti} is for the plan ${planGeneration ?? '(none)'}, not ${action.planGeneration ?? '(none)'}: ask again.`;
    return { reason: 'other_plan_generation', text };
  }
  const outside = outsideLimits(claims, action);
  return outside === null ? null : { reason: 'outside_limits', text: `${jti} allows no ${outside}.` };
}

type Sizes = Readonly<Record<string, unknown>>;

/** The first thing that is beyond what was asked, or beyond the limits of the answer; null when none is. */
function outsideLimits({ action, limits }: ReceiptClaims, intended: IntendedAction): string | null {
  const to = intended.to ?? action.to ?? {};
  const from = { ...intended.from, ...action.from };
  return (
    (action.to === null ? null : beyondAsked(to, { from, asked: action.to })) ??
    beyondBound(to, { name: 'maxTo', bounds: limits['maxTo'], holds: (value, bound) => value <= bound }) ??
    beyondBound(to, { name: 'minTo', bounds: limits['minTo'], holds: (value, bound) => value >= bound }) ??
    beyondIncrease(to, { from, ratio: limits['maxIncreaseRatio'] })
  );
}

/** Sizes: from where it was up to what was asked, both included, for less change is allowed too; all else as asked. */
function beyondAsked(to: Sizes, { from, asked }: { from: Sizes; asked: Sizes }): string | null {
  for (const name of new Set([...Object.keys(asked), ...Object.keys(to)])) {
    const [value, most, least] = [to[name], asked[name], from[name]];
    const isBetween =
      typeof value === 'number' && typeof most === 'number' && typeof least === 'number'
        ? value >= Math.min(least, most) && value <= Math.max(least, most)
        : JSON.stringify(value) === JSON.stringify(most);
    if (!isBetween) return `${name} ${wordOf(value)}: asked was ${wordOf(most)}`;
  }
  return null;
}

interface Bound {
  readonly name: string;
  readonly bounds: unknown;
  readonly holds: (value: number, bound: number) => boolean;
}

/** A limit on a size that nobody told is not kept. */
function beyondBound(to: Sizes, { name: limit, bounds, holds }: Bound): string | null {
  for (const [name, bound] of Object.entries((bounds ?? {}) as Sizes)) {
    const value = to[name];
    if (typeof value !== 'number' || typeof bound !== 'number' || !holds(value, bound))
      return `${name} ${wordOf(value)}: ${limit} is ${wordOf(bound)}`;
  }
  return null;
}

function beyondIncrease(to: Sizes, { from, ratio }: { from: Sizes; ratio: unknown }): string | null {
  if (ratio === undefined) return null;
  const value = to['replicas'];
  const before = from['replicas'];
  const isInside =
    typeof value === 'number' &&
    typeof before === 'number' &&
    typeof ratio === 'number' &&
    // As the gate rounds it: half of one replica is one.
    value <= Math.max(before + 1, Math.ceil(before * (1 + ratio)));
  return isInside
    ? null
    : `replicas ${wordOf(value)} from ${wordOf(before)}: maxIncreaseRatio is ${wordOf(ratio)}`;
}

/** Also of what is no time: a refusal must not fail over it. */
function timeText(seconds: number): string {
  const time = new Date(1_000 * seconds);
  return Number.isNaN(time.getTime()) ? wordOf(seconds) : time.toISOString();
}

function wordOf(value: unknown): string {
  return value === undefined ? '(not said)' : JSON.stringify(value);
}

function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse<T extends object>(part: string): T | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return isObject(value) ? (value as T) : null;
  } catch {
    return null;
  }
}
