import { type SqlToken, sqlTokens } from './sql-tokens.ts';

const READS = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN', 'EXISTS']);

/** Above this a statement is a long list of values; its format is then taken for the default one. */
const FORMAT_LOOK_CHARS_MAX = 256 * 1024;

/** Whether a statement only reads, by its first keyword: `(` may stand before a SELECT. */
export function readsOnly(sql: string): boolean {
  for (const token of sqlTokens(sql)) {
    if (token.text === '(') continue;
    return token.kind === 'word' && READS.has(token.text.toUpperCase());
  }
  return false;
}

/** The format a statement names outside of brackets, or null. It is shown to the caller, and decides nothing. */
export function namedFormat(sql: string): string | null {
  if (sql.length > FORMAT_LOOK_CHARS_MAX) return null;
  let format: string | null = null;
  let depth = 0;
  let previous: SqlToken | null = null;
  for (const token of sqlTokens(sql)) {
    if (token.text === '(' && token.kind === 'symbol') depth++;
    if (token.text === ')' && token.kind === 'symbol') depth--;
    if (depth === 0 && token.kind === 'word' && previous?.text.toUpperCase() === 'FORMAT')
      format = token.text;
    previous = token;
  }
  return format;
}
