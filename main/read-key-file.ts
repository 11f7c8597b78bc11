import { readFileSync } from 'node:fs';
import { PipelineError } from '../core/errors.ts';
import { type PublicKey, parsePublicKeys } from '../gates/receipts/public-key.ts';

/** Public keys of a file: verifier lines, a PEM, or what GET /api/v1/keys answers. @throws PipelineError request_invalid */
export function readKeyFile(path: string): PublicKey[] {
  try {
    return parsePublicKeys(readFileSync(path, 'utf8'));
  } catch (cause) {
    const text = `${path} holds no public key (${(cause as Error).message}): write there what "plumbline ledger key" prints.`;
    throw new PipelineError('request_invalid', text, { path }, cause);
  }
}
