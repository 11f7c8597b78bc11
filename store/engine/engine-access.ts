import { createHash, timingSafeEqual } from 'node:crypto';
import { EngineFault } from './engine-fault.ts';

/** `internal` may do everything; `guest` may read tables. */
export type EngineAccess = 'internal' | 'guest';

/**
 * The internal token as password makes a caller internal, whatever user it names; no password at all is a guest.
 * @throws EngineFault 516 for a password that is wrong, so that a mistyped token is not taken for a guest
 */
export function engineAccess(
  token: string,
  given: { user: string | null; password: string | null },
): EngineAccess {
  const password = given.password ?? '';
  if (password === '' && (given.user ?? 'default') !== 'plumbline') return 'guest';
  if (sameSecret(password, token)) return 'internal';
  throw new EngineFault(
    516,
    'AUTHENTICATION_FAILED',
    `${given.user ?? 'default'}: wrong password. Give the content of the data directory's engine-token file, or no ` +
      'password at all to read only',
  );
}

/** Compared as digests: equal length, and no time that tells how far a guess was right. */
function sameSecret(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
