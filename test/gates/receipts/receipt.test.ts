import { webcrypto } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DecisionRequest } from '../../../core/decision.ts';
import type { DecisionBody } from '../../../gates/decide.ts';
import { decisionEntry } from '../../../gates/ledger-entry.ts';
import { publicX } from '../../../gates/receipts/public-key.ts';
import { receiptSigner } from '../../../gates/receipts/sign-receipt.ts';
import { type IntendedAction, verifyReceipt } from '../../../gates/receipts/verify-receipt.ts';
import { NOW_MS } from '../judged-world.ts';
import { bodyOf } from '../ledger-writer.ts';
import { madeKey } from './made-key.ts';

const key = madeKey();
const keys = [key.public];
const VALID_MS = 30_000;
const REQUEST: DecisionRequest = {
  actor: { id: 'hpa/prod-eu' },
  action: { kind: 'scale.down', from: { replicas: 12 }, to: { replicas: 6 }, planGeneration: 'rv88' },
  target: { service: 'checkout', env: 'prod' },
};
const INTENDED: IntendedAction = {
  kind: 'scale.down',
  target: { service: 'checkout', env: 'prod', region: 'eu-west-1' },
  planGeneration: 'rv88',
};

function receiptOf({ body = {}, action = {} }: { body?: Partial<DecisionBody>; action?: object } = {}) {
  const validUntil = new Date(NOW_MS + VALID_MS).toISOString();
  const entry = decisionEntry({
    decidedAtMs: NOW_MS,
    decisionId: 'd_1',
    request: { ...REQUEST, action: { ...REQUEST.action, ...action } },
    body: { ...bodyOf(), decision: 'allow', validUntil, ...body },
  });
  const place = { seq: 7, prevHash: 'a'.repeat(64), lineHash: 'b'.repeat(64) };
  return receiptSigner(key)(entry.claims as string, place);
}

const verify = (token: string, intended: Partial<IntendedAction> = {}, nowMs = NOW_MS + 1_000) =>
  verifyReceipt(token, { keys, action: { ...INTENDED, ...intended }, nowMs });
const reasonOf = (check: ReturnType<typeof verify>) => (check.isValid ? 'valid' : check.reason);

describe('a receipt', () => {
  it('says what was decided, and is a JWS that others can verify', async () => {
    const token = await receiptOf({ body: { limits: { maxTo: { replicas: 60 } } } });
    const [header = '', payload = '', signature = ''] = token.split('.');
    const json = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(json(header)).toEqual({ alg: 'EdDSA', kid: key.public.keyId, typ: 'plumbline-receipt+jwt' });
    expect(json(payload)).toEqual({
      iss: key.public.name,
      jti: 'd_1',
      iat: NOW_MS / 1_000,
      exp: (NOW_MS + VALID_MS) / 1_000,
      decision: 'allow',
      actor: 'hpa/prod-eu',
      action: { kind: 'scale.down', from: { replicas: 12 }, to: { replicas: 6 } },
      target: { service: 'checkout', env: 'prod' },
      planGeneration: 'rv88',
      limits: { maxTo: { replicas: 60 } },
      constraintSet: 'built-in',
      seq: 7,
      lineHash: 'b'.repeat(64),
      prevHash: 'a'.repeat(64),
    });
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicX(key.public.key) };
    const imported = await webcrypto.subtle.importKey('jwk', jwk, 'Ed25519', false, ['verify']);
    const bytes = [Buffer.from(signature, 'base64url'), Buffer.from(`${header}.${payload}`)] as const;
    expect(await webcrypto.subtle.verify('Ed25519', imported, ...bytes)).toBe(true);
    expect(reasonOf(verify(token))).toBe('valid');
  });

  it.each([
    ['the last moment', {}, NOW_MS + VALID_MS - 1, 'valid'],
    ['the moment after', {}, NOW_MS + VALID_MS, 'expired'],
    ['a clock a little behind', {}, NOW_MS - 5_000, 'valid'],
    ['a clock far behind', {}, NOW_MS - 5_001, 'not_yet_valid'],
    ['a time that is none', {}, Number.NaN, 'not_yet_valid'],
    ['another action', { kind: 'scale.to_zero' }, NOW_MS, 'other_action'],
    ['another target', { target: { service: 'cart', env: 'prod' } }, NOW_MS, 'other_target'],
    ['a wider target', { target: { service: 'checkout' } }, NOW_MS, 'other_target'],
    ['no target', { target: {} }, NOW_MS, 'other_target'],
    ['an older plan', { planGeneration: 'rv87' }, NOW_MS, 'other_plan_generation'],
    ['no plan', { planGeneration: undefined }, NOW_MS, 'other_plan_generation'],
    ['what was asked', { to: { replicas: 6 } }, NOW_MS, 'valid'],
    ['less change than asked', { to: { replicas: 9 } }, NOW_MS, 'valid'],
    ['more change than asked', { to: { replicas: 5 } }, NOW_MS, 'outside_limits'],
    ['change the other way', { to: { replicas: 13 } }, NOW_MS, 'outside_limits'],
    ['no number', { to: { replicas: Number.NaN } }, NOW_MS, 'outside_limits'],
    ['something else too', { to: { replicas: 6, cpu: 1 } }, NOW_MS, 'outside_limits'],
    ['something else instead', { to: { cpu: 1 } }, NOW_MS, 'outside_limits'],
  ] as [string, Partial<IntendedAction>, number, string][])(
    'for %s',
    async (_name, intended, nowMs, reason) => {
      expect(reasonOf(verify(await receiptOf(), intended, nowMs))).toBe(reason);
    },
  );

  it.each([
    ['maxTo', { maxTo: { replicas: 15 } }, { to: { replicas: 15 } }, 'valid'],
    ['maxTo', { maxTo: { replicas: 15 } }, { to: { replicas: 16 } }, 'outside_limits'],
    ['maxTo, of what was asked', { maxTo: { replicas: 15 } }, {}, 'outside_limits'],
    ['minTo', { minTo: { replicas: 14 } }, { to: { replicas: 14 } }, 'valid'],
    ['minTo', { minTo: { replicas: 14 } }, { to: { replicas: 13 } }, 'outside_limits'],
    ['maxIncreaseRatio', { maxIncreaseRatio: 0.5 }, { to: { replicas: 18 } }, 'valid'],
    ['maxIncreaseRatio', { maxIncreaseRatio: 0.5 }, { to: { replicas: 19 } }, 'outside_limits'],
    ['a limit that is none', { maxTo: { replicas: '15' } }, { to: { replicas: 15 } }, 'outside_limits'],
  ])('keeps %s: %o, %o', async (_name, limits, intended, reason) => {
    const token = await receiptOf({ body: { limits }, action: { kind: 'scale.up', to: { replicas: 20 } } });
    expect(reasonOf(verify(token, { kind: 'scale.up', ...intended }))).toBe(reason);
  });

  it.each([
    ['nothing', {}, 'outside_limits'],
    ['a size inside', { from: { replicas: 4 }, to: { replicas: 6 } }, 'valid'],
    ['a size outside', { from: { replicas: 4 }, to: { replicas: 7 } }, 'outside_limits'],
    ['only where it goes', { to: { replicas: 6 } }, 'outside_limits'],
  ])('for a size that nobody asked for, where the actuator says %s', async (_name, intended, reason) => {
    const action = { kind: 'scale.up', from: undefined, to: undefined };
    const token = await receiptOf({ body: { limits: { maxIncreaseRatio: 0.5 } }, action });
    expect(reasonOf(verify(token, { kind: 'scale.up', ...intended }))).toBe(reason);
  });

  it.each(['hold', 'deny'] as const)('of a %s allows nothing', async (decision) => {
    expect(reasonOf(verify(await receiptOf({ body: { decision } })))).toBe('not_an_allow');
  });

  it('is refused when any character of it is another, and with another key', async () => {
    const token = await receiptOf();
    const reasons = new Set<string>();
    for (let at = 0; at < token.length; at++) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
      reasons.add(reasonOf(verify(changed)));
    }
    expect([...reasons].sort()).toEqual(['bad_signature', 'malformed', 'unknown_key']);
    const { public: other } = madeKey();
    expect(reasonOf(verifyReceipt(token, { keys: [other], action: INTENDED, nowMs: NOW_MS }))).toBe(
      'unknown_key',
    );
    const impostor = [{ ...other, keyId: key.public.keyId }];
    expect(reasonOf(verifyReceipt(token, { keys: impostor, action: INTENDED, nowMs: NOW_MS }))).toBe(
      'bad_signature',
    );
  });

  it.each(['', 'abc', 'a.b', 'a.b.c', `${'x'.repeat(100)}.e30.e30`, 'eyJhbGciOiJub25lIn0.e30.'])(
    'is not "%s"',
    (token) => {
      expect(reasonOf(verify(token))).toBe('malformed');
    },
  );
});
