import { createHash, timingSafeEqual } from 'node:crypto';
import { PipelineError } from '../core/errors.ts';

/** Compares bearer keys in constant time: digests are of one length, whatever the key. */
export class KeyCheck {
  readonly #digests: readonly Buffer[];

  /** @param keys without any, everybody may send */
  constructor(keys: readonly string[]) {
    this.#digests = keys.map(digest);
  }

  /** @throws PipelineError unauthenticated */
  check(authorization: string | undefined): void {
    if (this.#digests.length === 0) return;
    const given = digest(/^Bearer +(.+)$/i.exec(authorization ?? '')?.[1]?.trim() ?? '');
    let known = false;
    for (const expected of this.#digests) known = timingSafeEqual(given, expected) || known;
    if (known) return;
    throw new PipelineError(
      'unauthenticated',
      authorization === undefined
        ? 'This Plumbline asks for a key: send the header "authorization: Bearer <key>" with one of PLUMBLINE_KEYS.'
        : 'The key in the authorization header is none of PLUMBLINE_KEYS; it is sent as "Bearer <key>".',
    );
  }
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
