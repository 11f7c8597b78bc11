import { canonicalJson } from '../canonical-json.ts';
import { isSignedBy, type PublicKey } from './public-key.ts';
import type { SigningKey } from './signing-key.ts';

/** What somebody puts his name to. `act` says which kind it is, so that no signature counts for another one. */
export interface Statement {
  readonly act: string;
  readonly [member: string]: unknown;
}

/** Over the canonical JSON (RFC 8785) of the statement, in base64url. */
export function signStatement(statement: Statement, key: SigningKey): string {
  return key.sign(canonicalJson(statement)).toString('base64url');
}

export function isStatementSigned(statement: Statement, signature: string, key: PublicKey): boolean {
  return isSignedBy(key, canonicalJson(statement), Buffer.from(signature, 'base64url'));
}
