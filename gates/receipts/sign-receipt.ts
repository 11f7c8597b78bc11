import type { DecisionRow } from '../../store/decisions.ts';
import { RECEIPT_TYPE, type ReceiptClaims } from './receipt-claims.ts';
import type { SigningKey } from './signing-key.ts';

/**
 * The receipt of a line of the ledger: a compact JWS. The line itself holds none (`receipt: null`), so its hash is
 * known before anything is signed, the receipt can name it, and signing waits for the disk together with the line.
 */
export async function signReceipt(line: DecisionRow, key: SigningKey): Promise<string> {
  const header = { alg: 'EdDSA', kid: key.public.keyId, typ: RECEIPT_TYPE };
  const signed = `${encode(header)}.${encode(claimsOf(line, key.public.name))}`;
  return `${signed}.${(await key.signAsync(signed)).toString('base64url')}`;
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
