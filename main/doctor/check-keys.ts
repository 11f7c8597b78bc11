import { type Config, isLoopback } from '../config.ts';
import { type Check, ok, warn } from './check.ts';

/** 16 characters of a random key hold at least 64 bits: out of reach of guessing over a network. */
const KEY_LENGTH_MIN = 16;

export function checkKeys({ host, keys }: Config): Check {
  const short = keys.filter((key) => key.length < KEY_LENGTH_MIN).length;
  if (short > 0) {
    return warn(
      'keys',
      `${short} of ${keys.length} keys are shorter than ${KEY_LENGTH_MIN} characters`,
      'use the output of "openssl rand -hex 16"',
    );
  }
  if (keys.length > 0) return ok('keys', `${keys.length} configured; callers need one`);
  return ok('keys', isLoopback(host) ? `none; only this machine reaches ${host}` : 'none');
}
