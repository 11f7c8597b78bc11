import { type SqlToken, sqlTokens } from '../sql-tokens.ts';
import { isSymbol, isWord } from './describe-statement.ts';

/** An INSERT that carries data: everything up to the data, ready to take it from a file instead. */
export interface InsertHead {
  /** `INSERT INTO t (cols)`, without settings and format. */
  readonly target: string;
  /** `SETTINGS a = 1, b = 2`, or empty. */
  readonly settings: string;
  readonly format: string;
  /** Offset in the text at which the data begins. */
  readonly dataAt: number;
}

/**
 * Finds where the data of an INSERT begins, or null for every other statement (INSERT … SELECT too). Data must
 * never reach the engine inside the text: from the first blank line on it would be executed as SQL.
 */
export function splitInsert(sql: string): InsertHead | null {
  const tokens = sqlTokens(sql);
  const first = tokens.next().value as SqlToken | undefined;
  if (!isWord(first, 'INSERT')) return null;
  let depth = 0;
  let settingsAt: number | null = null;
  let previous: SqlToken = first as SqlToken;
  for (const token of tokens) {
    if (isSymbol(token, '(')) depth++;
    if (isSymbol(token, ')')) depth--;
    if (depth === 0 && token.kind === 'word') {
      const word = token.text.toUpperCase();
      if (word === 'SELECT' || word === 'WITH' || word === 'INFILE' || word === 'WATCH') return null;
      if (word === 'SETTINGS' && !isWord(previous, 'INTO')) settingsAt ??= token.start;
      if (word === 'VALUES' && !isName(previous)) return head(sql, settingsAt, token, 'Values', token.end);
      if (word === 'FORMAT' && !isName(previous)) {
        const name = tokens.next().value as SqlToken | undefined;
        if (name === undefined) return null;
        return head(sql, settingsAt, token, name.text, afterFormat(sql, name.end));
      }
    }
    previous = token;
  }
  return null;
}

function head(
  sql: string,
  settingsAt: number | null,
  keyword: SqlToken,
  format: string,
  dataAt: number,
): InsertHead {
  const target = sql.slice(0, settingsAt ?? keyword.start);
  const settings = settingsAt === null ? '' : sql.slice(settingsAt, keyword.start);
  return { target, settings, format, dataAt };
}

/** After `INTO`, `TABLE`, `FUNCTION` or a dot a keyword is a name: `INSERT INTO values VALUES`. */
function isName(previous: SqlToken): boolean {
  return previous.text === '.' || ['INTO', 'TABLE', 'FUNCTION'].some((word) => isWord(previous, word));
}

/** Data begins after the first newline if only blanks come before it, else after the blanks. */
function afterFormat(sql: string, at: number): number {
  const blanks = /[ \t\f]*(?:\r?\n)?/y;
  blanks.lastIndex = at;
  blanks.exec(sql);
  return blanks.lastIndex;
}
