import type { DecisionRow } from '../../store/decisions.ts';
import { RECEIPT_TYPE, type ReceiptClaims } from './receipt-claims.ts';
import type { SigningKey } from './signing-key.ts';

/**
 * Signs the receipts of lines: a compact JWS each. The line itself holds none (`receipt: null`), so its hash is known
 * before anything is signed and the receipt can name it.
 */
export function receiptSigner(key: SigningKey): (line: DecisionRow) => string {
  const header = encode({ alg: 'EdDSA', kid: key.public.keyId, typ: RECEIPT_TYPE });
  return (line) => {
    const signed = `${header}.${encode(claimsOf(line, key.public.name))}`;
    return `${signed}.${key.sign(signed).toString('base64url')}`;
  };
}

function claimsOf({ request, response, decidedAtMs, hash }: DecisionRow, iss: string): ReceiptClaims {
  const { kind, from, to, planGeneration } = request.action;
  return {
    iss,
    jti: response.decisionId,
    iat: decidedAtMs / 1_000,
    exp: Date.parse(response.validUntil) / 1_000,
    decision: response.decision,
    actor: request.actor.id,
    action: { kind, from: from ?? null, to: to ?? null },
    target: request.target,
    planGeneration: planGeneration ?? null,
    limits: response.limits,
    constraintSet: response.constraintSet,
    seq: response.seq,
    lineHash: hash,
    prevHash: response.prevHash,
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
