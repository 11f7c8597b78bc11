import { createHash, timingSafeEqual } from 'node:crypto';
import { PipelineError } from '../../core/errors.ts';

/** Both ways in, for WWW-Authenticate: programs send a bearer key, browsers ask their user for one. */
export const CHALLENGES = [
  'Bearer realm="plumbline"',
  'Basic realm="plumbline (any name, the key as password)"',
];

/**
 * Checks who asks, when there are keys: `Authorization: Bearer <key>`. To read, the key may also come as the
 * password of HTTP Basic, which a browser can ask for; never to act, because a browser also sends it along
 * when another site's page makes it ask.
 * @throws PipelineError unauthenticated
 */
export function authorizer(
  keys: readonly string[],
): (request: { method: string; authorization: string | undefined }) => void {
  // Hashes have one length: comparing them takes the same time for every key.
  const known = keys.map(digest);
  return ({ method, authorization }) => {
    if (known.length === 0) return;
    const given = keyOf(authorization, method === 'GET' || method === 'HEAD');
    const hash = given === null ? null : digest(given);
    // Every key is compared, so that the time does not tell which one matched.
    if (hash !== null && known.map((key) => timingSafeEqual(key, hash)).includes(true)) return;
    throw new PipelineError(
      'unauthenticated',
      given === null
        ? 'Send one of the keys of PLUMBLINE_KEYS as "Authorization: Bearer <key>".'
        : 'This key is not one of PLUMBLINE_KEYS: check it, and that the server was started with it.',
    );
  };
}

function keyOf(authorization: string | undefined, reads: boolean): string | null {
  const [, scheme = '', credentials = ''] = /^(\S+) +(\S+) *$/.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic' || !reads) return null;
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
