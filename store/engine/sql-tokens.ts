/** One lexeme of ClickHouse SQL. `text` is the source text, except that `name` and `string` hold the content. */
export interface SqlToken {
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol';
  readonly text: string;
  /** Offsets into the source, [start, end). */
  readonly start: number;
  readonly end: number;
}

export class SqlUnreadable extends Error {}

const WORD = /[A-Za-z0-9_]/;
const SPACE = /\s/;

/**
 * Tokens of a statement with comments and white space left out, as ClickHouse's own lexer cuts them: nested
 * block comments, `--` and `#` comments, heredocs, doubled and backslash-escaped quotes.
 * @throws SqlUnreadable where ClickHouse's lexer would stop too, or could read something else than we do
 * @see ClickHouse src/Parsers/Lexer.cpp
 */
export function* sqlTokens(sql: string): Generator<SqlToken> {
  let at = 0;
  while (at < sql.length) {
    const start = at;
    const char = sql[at] as string;
    if (SPACE.test(char)) {
      at++;
    } else if (opensComment(sql, at)) {
      at = commentEnd(sql, at);
    } else if (char === "'" || char === '"' || char === '`') {
      at = quotedEnd(sql, at, char);
      const kind = char === "'" ? 'string' : 'name';
      yield { kind, text: unquote(sql.slice(start, at)), start, end: at };
    } else if (char === '$' && heredocEnd(sql, at) !== null) {
      at = heredocEnd(sql, at) as number;
      const tagLength = sql.indexOf('$', start + 1) + 1 - start;
      yield { kind: 'string', text: sql.slice(start + tagLength, at - tagLength), start, end: at };
    } else if (WORD.test(char) || char === '$') {
      at = wordEnd(sql, at);
      const text = sql.slice(start, at);
      yield { kind: /^\d/.test(text) ? 'number' : 'word', text, start, end: at };
    } else {
      // Typographic quotes are quotes to ClickHouse; what they enclose must not look like SQL to us.
      if (/[‘’“”]/.test(char)) throw new SqlUnreadable(`typographic quote ${char} at offset ${at}`);
      at++;
      yield { kind: 'symbol', text: char, start, end: at };
    }
  }
}

function opensComment(sql: string, at: number): boolean {
  const two = sql.slice(at, at + 2);
  return two === '--' || two === '/*' || two === '# ' || two === '#!';
}

function commentEnd(sql: string, at: number): number {
  if (sql[at] !== '/') {
    const newline = sql.indexOf('\n', at);
    return newline === -1 ? sql.length : newline + 1;
  }
  let depth = 0;
  for (let i = at; i < sql.length - 1; i++) {
    const two = sql.slice(i, i + 2);
    if (two === '/*') depth++;
    else if (two === '*/') depth--;
    else continue;
    i++;
    if (depth === 0) return i + 1;
  }
  throw new SqlUnreadable(`block comment at offset ${at} is not closed`);
}

function quotedEnd(sql: string, at: number, quote: string): number {
  for (let i = at + 1; i < sql.length; i++) {
    if (sql[i] === '\\') i++;
    else if (sql[i] === quote) {
      if (sql[i + 1] !== quote) return i + 1;
      i++;
    }
  }
  throw new SqlUnreadable(`quote ${quote} at offset ${at} is not closed`);
}

function unquote(quoted: string): string {
  const quote = quoted[0] as string;
  return quoted
    .slice(1, -1)
    .replaceAll(quote + quote, quote)
    .replace(/\\(.)/gs, '$1');
}

/** `$tag$ … $tag$`; null when the dollar only begins a word. */
function heredocEnd(sql: string, at: number): number | null {
  const tagEnd = sql.indexOf('$', at + 1);
  if (tagEnd === -1) return null;
  const tag = sql.slice(at, tagEnd + 1);
  const close = sql.indexOf(tag, tagEnd + 1);
  return close === -1 ? null : close + tag.length;
}

function wordEnd(sql: string, at: number): number {
  let end = at + 1;
  while (end < sql.length && (WORD.test(sql[end] as string) || sql[end] === '$')) end++;
  return end;
}
