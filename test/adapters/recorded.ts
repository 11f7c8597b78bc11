import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A message as the other side sends it, fresh for every caller. */
// biome-ignore lint/suspicious/noExplicitAny: tests change any part of it
export function recorded(name: string): any {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'recorded', `${name}.json`), 'utf8'));
}
