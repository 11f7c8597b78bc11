import { z } from 'zod';
import { parseDurationMs } from '../../core/time.ts';
import { type PublicKey, parsePublicKey } from '../receipts/public-key.ts';
import { parseWeeklyWindow, type WeeklyWindow } from '../stages/weekly-window.ts';
import { notation } from './constraint-values.ts';

/** One value, or a list of them; a list in the set. */
export function oneOrMore<T extends z.ZodType>(one: T) {
  return z.union([one, z.array(one).min(1)]).transform((written) => [written].flat() as z.output<T>[]);
}

/** `> 30` (percent) as the ratio 0.3. */
export const abovePct = notation({
  what: 'a share in percent, above which it holds',
  example: '> 30',
  parse: (text) => {
    const match = /^>\s*(\d+(?:\.\d+)?)\s*%?$/.exec(text);
    return match === null || Number(match[1]) >= 100 ? null : Number(match[1]) / 100;
  },
});

/** `70%` as 0.7. */
export const sharePct = notation({
  what: 'a share in percent',
  example: '70%',
  parse: (text) => {
    const match = /^(?:>=\s*)?(\d+(?:\.\d+)?)\s*%$/.exec(text);
    return match === null || Number(match[1]) > 100 ? null : Number(match[1]) / 100;
  },
});

export interface Rate {
  readonly max: number;
  readonly perMs: number;
}

/** `1 per 10m`. */
export const rate = notation<Rate>({
  what: 'a number of actions per time',
  example: '1 per 10m',
  parse: (text) => {
    const match = /^(\d+) per (\S+)$/.exec(text);
    const perMs = parseDurationMs(match?.[2] ?? '');
    return match === null || perMs === null || perMs === 0 || Number(match[1]) === 0
      ? null
      : { max: Number(match[1]), perMs };
  },
});

export const weeklyWindow = notation<WeeklyWindow>({
  what: 'days, hours and a time zone',
  example: 'Mon-Thu 09:00-16:00 Europe/Berlin',
  parse: parseWeeklyWindow,
});

/** What may be lost: the data of a source or a signal, or a share of the items of any. */
export type Loss =
  | { readonly what: 'source'; readonly name: string }
  | { readonly what: 'share'; readonly ratio: number; readonly text: string };

export const loss = notation<Loss>({
  what: 'what may be lost (a source, a signal, or some of many)',
  example: '1 of 3 collectors',
  parse: (text) => {
    const share = /^(\d+) of (\d+) [a-z][a-z -]*$/.exec(text);
    if (share !== null) {
      const ratio = Number(share[1]) / Number(share[2]);
      return ratio > 0 && ratio < 1 ? { what: 'share', ratio, text } : null;
    }
    return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text) ? { what: 'source', name: text } : null;
  },
});

/** What stands before the 32 bytes of an Ed25519 key in SPKI (RFC 8410). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * An Ed25519 public key: a line `name+hash+key` as `plumbline key new` prints it, PEM, or the base64 of its 32 bytes or
 * of its SPKI DER. Null when it is none.
 */
export function readPublicKey(text: string): PublicKey | null {
  const isLine = /^[^\s+]+\+[0-9a-f]{8}\+/.test(text);
  try {
    return parsePublicKey(isLine || text.includes('BEGIN') ? text : pemOf(text));
  } catch {
    return null;
  }
}

function pemOf(base64: string): string {
  const bytes = Buffer.from(base64.trim(), 'base64');
  const der = bytes.length === 32 ? Buffer.concat([SPKI_HEAD, bytes]) : bytes;
  return `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----`;
}

/** Kept as it was written; it is an Ed25519 key. */
export const publicKey = notation({
  what: 'an Ed25519 public key (the line of "plumbline key new", PEM, or base64)',
  example: 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=',
  parse: (text) => (readPublicKey(text) === null ? null : text),
});
