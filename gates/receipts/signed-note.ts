import { isSignedBy, noteKeyHash, type PublicKey } from './public-key.ts';
import type { SigningKey } from './signing-key.ts';

/** A text, and who signed it. @see https://c2sp.org/signed-note */
const NOTE = /^((?:[^\n]*\n)+)\n((?:— [^\s+]+ [A-Za-z0-9+/]+={0,2}\n)+)$/;
const SIGNATURE = /^— (\S+) (\S+)$/;
const KEY_HASH_BYTES = 4;

/** @param text ends in a newline */
export function signNote(text: string, key: SigningKey): string {
  const signature = Buffer.concat([noteKeyHash(key.public), key.sign(text)]).toString('base64');
  return `${text}\n— ${key.public.name} ${signature}\n`;
}

/** The text, once a key of `keys` signed it and none of them signed it wrongly; else why not. */
export function openNote(
  note: string,
  keys: readonly PublicKey[],
): { readonly text: string; readonly signer: PublicKey } | { readonly problem: string } {
  const match = NOTE.exec(note);
  if (match === null) return { problem: 'is no signed note' };
  const [, text = '', signatures = ''] = match;
  let signer: PublicKey | null = null;
  for (const line of signatures.trimEnd().split('\n')) {
    const [, name = '', base64 = ''] = SIGNATURE.exec(line) ?? [];
    const bytes = Buffer.from(base64, 'base64');
    const key = keys.find(
      (one) => one.name === name && noteKeyHash(one).equals(bytes.subarray(0, KEY_HASH_BYTES)),
    );
    if (key === undefined) continue; // a witness we do not know
    // Base64 has several spellings of the same bytes; only one was written.
    const isWritten = bytes.toString('base64') === base64;
    if (!isWritten || !isSignedBy(key, text, bytes.subarray(KEY_HASH_BYTES)))
      return { problem: `is not signed by ${name}, though it says so` };
    signer = key;
  }
  return signer === null ? { problem: 'is signed by no known key' } : { text, signer };
}
