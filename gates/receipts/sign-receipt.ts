import type { Recorded } from '../ledger-entry.ts';
import { RECEIPT_TYPE } from './receipt-claims.ts';
import type { SigningKey } from './signing-key.ts';

/**
 * Signs the receipts of lines: a compact JWS over `ReceiptClaims` each. The line itself holds none (`receipt: null`),
 * so its hash is known before anything is signed and the receipt can name it.
 */
export function receiptSigner(
  key: SigningKey,
): (claims: string, place: Pick<Recorded, 'seq' | 'prevHash' | 'hash'>) => string {
  const header = encode(JSON.stringify({ alg: 'EdDSA', kid: key.public.keyId, typ: RECEIPT_TYPE }));
  const issuer = JSON.stringify(key.public.name);
  return (claims, { seq, hash, prevHash }) => {
    const payload = `{"iss":${issuer},${claims},"seq":${seq},"lineHash":"${hash}","prevHash":"${prevHash}"}`;
    const signed = `${header}.${encode(payload)}`;
    return `${signed}.${key.sign(signed).toString('base64url')}`;
  };
}

function encode(json: string): string {
  return Buffer.from(json).toString('base64url');
}
