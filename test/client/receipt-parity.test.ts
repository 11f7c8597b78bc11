import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { GateDecision, GateRequest } from '../../client/client.d.mts';
import { receiptProblem } from '../../client/receipt.mjs';
import { verifierLine } from '../../gates/receipts/public-key.ts';
import { receiptSigner } from '../../gates/receipts/sign-receipt.ts';
import { signingKeyOf } from '../../gates/receipts/signing-key.ts';
import { verifyReceipt } from '../../gates/receipts/verify-receipt.ts';
import { runCount } from '../run-count.ts';

const numRuns = runCount({ suite: 500, long: 50_000 });
const NOW_MS = 1_790_000_000_000;
const keys = [1, 2].map(() => signingKeyOf(generateKeyPairSync('ed25519').privateKey));
const [key, other] = keys as [(typeof keys)[number], (typeof keys)[number]];

const request: GateRequest = {
  actor: { id: 'hpa/checkout' },
  action: { kind: 'scale.down', from: { replicas: 6 }, to: { replicas: 4 }, planGeneration: '7' },
  target: { service: 'checkout', env: 'prod' },
};
const decision = {
  decision: 'allow',
  decisionId: 'd_1',
  validUntil: new Date(NOW_MS + 10_000).toISOString(),
  limits: { minTo: { replicas: 3 } },
} as unknown as GateDecision;
const TRUE_CLAIMS: Readonly<Record<string, unknown>> = {
  jti: 'd_1',
  iat: NOW_MS / 1_000,
  exp: (NOW_MS + 10_000) / 1_000,
  decision: 'allow',
  actor: 'hpa/checkout',
  action: { kind: 'scale.down', from: { replicas: 6 }, to: { replicas: 4 } },
  target: { service: 'checkout', env: 'prod' },
  planGeneration: '7',
  limits: { minTo: { replicas: 3 } },
  constraintSet: 'checkout@1',
};

/** What each field could say instead; undefined leaves it out. */
const CLAIMED: Readonly<Record<string, readonly unknown[]>> = {
  jti: ['d_2', '', undefined],
  iat: [NOW_MS / 1_000 + 4.9, NOW_MS / 1_000 + 5.1, 'now', null, undefined],
  exp: [NOW_MS / 1_000, NOW_MS / 1_000 - 1, NOW_MS / 1_000 + 1e9, null, '9e99', undefined],
  decision: ['hold', 'deny', 'ALLOW', true, undefined],
  actor: ['hpa/cart', undefined],
  action: [
    { kind: 'scale.up', from: { replicas: 6 }, to: { replicas: 4 } },
    { kind: 'scale.down', from: null, to: { replicas: 5 } },
    { kind: 'scale.down', from: { replicas: 6 }, to: null },
    null,
    undefined,
  ],
  target: [
    null,
    { service: 'cart', env: 'prod' },
    { service: 'checkout' },
    { service: 'checkout', env: 'prod', zone: 'a' },
  ],
  planGeneration: ['8', null, 7],
  limits: [undefined, [], {}, { minTo: { replicas: 5 } }, { maxTo: { replicas: 1 } }],
};

const changes = fc.uniqueArray(
  fc
    .constantFrom(...Object.keys(CLAIMED))
    .chain((name) =>
      fc.record({ name: fc.constant(name), value: fc.constantFrom(...(CLAIMED[name] ?? [])) }),
    ),
  { selector: ({ name }) => name, maxLength: 3 },
);

function receipt(claims: Readonly<Record<string, unknown>>, signer = key): string {
  const members = JSON.stringify(claims).slice(1, -1);
  return receiptSigner(signer)(members, { seq: 1, lineHash: 'a'.repeat(64), prevHash: 'b'.repeat(64) });
}

/** Whether each takes it: the client without the server's code, and the server's own command. */
function takenBy(token: string, nowMs: number): { client: boolean; server: boolean } {
  const publicKeys = [verifierLine(key.public)];
  const { action, target } = request;
  return {
    client: receiptProblem(token, { publicKeys, request, decision, nowMs }) === null,
    server: verifyReceipt(token, { keys: [key.public], action: { ...action, target }, nowMs }).isValid,
  };
}

it('both take what was given', () => {
  expect(takenBy(receipt(TRUE_CLAIMS), NOW_MS)).toEqual({ client: true, server: true });
});

it('the client takes no receipt that the server refuses, whatever it claims and whenever', () => {
  fc.assert(
    fc.property(changes, fc.integer({ min: -7_000, max: 12_000 }), (changed, afterMs) => {
      const claims = {
        ...TRUE_CLAIMS,
        ...Object.fromEntries(changed.map(({ name, value }) => [name, value])),
      };
      const { client, server } = takenBy(receipt(claims), NOW_MS + afterMs);
      expect(client && !server).toBe(false);
      // What was given, and is valid, is taken by both.
      if (changed.length === 0) expect(client).toBe(server);
    }),
    { numRuns },
  );
});

it('neither takes what was signed by another, or changed in one character', () => {
  expect(takenBy(receipt(TRUE_CLAIMS, other), NOW_MS)).toEqual({ client: false, server: false });
  const token = receipt(TRUE_CLAIMS);
  const characters = [...'abcXYZ019-_.=+/ '];
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom(...characters), (at, character) => {
      fc.pre(token[at] !== character);
      const changed = token.slice(0, at) + character + token.slice(at + 1);
      expect(takenBy(changed, NOW_MS)).toEqual({ client: false, server: false });
    }),
    { numRuns },
  );
});
