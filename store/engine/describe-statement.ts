import { type SqlToken, sqlTokens } from '../sql-tokens.ts';

const READS = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXPLAIN', 'EXISTS']);

/** What can be told about a statement before it runs. */
export interface StatementDescription {
  /** Whether its first keyword promises that it only reads. */
  readonly reads: boolean;
  /** Whether it takes rows from a file, as an insert of a batch does. */
  readonly fromFile: boolean;
  /** The format it names outside of brackets, or null. */
  readonly format: string | null;
  /** Whether something follows a semicolon. */
  readonly several: boolean;
}

export function describeStatement(sql: string): StatementDescription {
  let reads: boolean | null = null;
  let format: string | null = null;
  let fromFile = false;
  let ended = false;
  let depth = 0;
  let previous: SqlToken | null = null;
  for (const token of sqlTokens(sql)) {
    if (isSymbol(token, ';')) ended = true;
    else if (ended) return { reads: reads ?? false, fromFile, format, several: true };
    if (isSymbol(token, '(')) depth++;
    else reads ??= isReadKeyword(token);
    if (isSymbol(token, ')')) depth--;
    if (depth === 0 && token.kind === 'word' && previous !== null && isWord(previous, 'FORMAT')) {
      format = token.text;
    }
    fromFile ||= depth === 0 && isWord(token, 'INFILE');
    previous = token;
  }
  return { reads: reads ?? false, fromFile, format, several: false };
}

export function isReadKeyword(token: SqlToken): boolean {
  return token.kind === 'word' && READS.has(token.text.toUpperCase());
}

export function isSymbol(token: SqlToken | undefined, symbol: string): boolean {
  return token?.kind === 'symbol' && token.text === symbol;
}

export function isWord(token: SqlToken | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === word;
}
