import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSigningKey, type SigningKey } from '../../../gates/receipts/signing-key.ts';

/** A new key, whose file is gone again. */
export function madeKey(name?: string): SigningKey {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-key-'));
  try {
    return makeSigningKey(join(folder, 'key'), name);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
