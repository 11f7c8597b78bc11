import { RECEIPT_TYPE, type ReceiptClaims } from './receipt-claims.ts';
import type { SigningKey } from './signing-key.ts';

/**
 * Signs the receipts of lines: a compact JWS over `ReceiptClaims` each. The line itself holds none (`receipt: null`),
 * so its hash is known before anything is signed and the receipt can name it.
 */
export function receiptSigner(
  key: SigningKey,
): (claims: string, place: Pick<ReceiptClaims, 'seq' | 'lineHash' | 'prevHash'>) => string {
  const header = encode(JSON.stringify({ alg: 'EdDSA', kid: key.public.keyId, typ: RECEIPT_TYPE }));
  const issuer = JSON.stringify(key.public.name);
  return (claims, { seq, lineHash, prevHash }) => {
    const payload = `{"iss":${issuer},${claims},"seq":${seq},"lineHash":"${lineHash}","prevHash":"${prevHash}"}`;
    const signed = `${header}.${encode(payload)}`;
    return `${signed}.${key.sign(signed).toString('base64url')}`;
  };
}

function encode(json: string): string {
  return Buffer.from(json).toString('base64url');
}
