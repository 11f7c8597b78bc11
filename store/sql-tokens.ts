/**
 * One lexeme of ClickHouse SQL. Of a `name` (quoted) and a `string` the text is the content, of all others the
 * source. `broken` is the last one of a statement whose quote or comment is never closed; its text says so.
 */
export interface SqlToken {
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol' | 'broken';
  readonly text: string;
  /** Offsets into the source, [start, end). */
  readonly start: number;
  readonly end: number;
}

const WORD = /[A-Za-z0-9_$]+/y;
const SPACE = /\s+/y;

/** Typographic quotes are quotes to ClickHouse, without escapes. */
const TYPOGRAPHIC: Readonly<Record<string, { close: string; kind: 'string' | 'name' }>> = {
  '‘': { close: '’', kind: 'string' },
  '“': { close: '”', kind: 'name' },
};

/**
 * Tokens of a statement with comments and white space left out, as ClickHouse's own lexer cuts them: nested block
 * comments, `--`, `//` and `#` comments, heredocs, doubled and backslash-escaped quotes.
 * @see ClickHouse src/Parsers/Lexer.cpp
 */
export function* sqlTokens(sql: string): Generator<SqlToken> {
  let at = 0;
  while (at < sql.length) {
    const token = nextToken(sql, at);
    at = token.end;
    if (token.kind !== 'gap') yield token as SqlToken;
  }
}

type Lexeme = Omit<SqlToken, 'kind'> & { readonly kind: SqlToken['kind'] | 'gap' };

function nextToken(sql: string, start: number): Lexeme {
  const char = sql[start] as string;
  const space = matchEnd(SPACE, sql, start);
  if (space > start) return { kind: 'gap', text: '', start, end: space };
  if (opensComment(sql, start)) return comment(sql, start);
  if (char === "'" || char === '"' || char === '`') return quoted(sql, start, char);
  const typographic = TYPOGRAPHIC[char];
  if (typographic !== undefined) return typographicQuoted(sql, start, typographic);
  const heredoc = char === '$' ? heredocToken(sql, start) : null;
  if (heredoc !== null) return heredoc;
  const word = matchEnd(WORD, sql, start);
  if (word === start) return { kind: 'symbol', text: char, start, end: start + 1 };
  const text = sql.slice(start, word);
  return { kind: /^\d/.test(text) ? 'number' : 'word', text, start, end: word };
}

function matchEnd(pattern: RegExp, sql: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(sql) ? pattern.lastIndex : at;
}

function opensComment(sql: string, at: number): boolean {
  return ['--', '//', '/*', '# ', '#!'].some((opening) => sql.startsWith(opening, at));
}

function comment(sql: string, start: number): Lexeme {
  if (!sql.startsWith('/*', start)) {
    const newline = sql.indexOf('\n', start);
    return { kind: 'gap', text: '', start, end: newline === -1 ? sql.length : newline + 1 };
  }
  const edges = /\/\*|\*\//g;
  edges.lastIndex = start;
  let depth = 0;
  for (let edge = edges.exec(sql); edge !== null; edge = edges.exec(sql)) {
    depth += edge[0] === '/*' ? 1 : -1;
    if (depth === 0) return { kind: 'gap', text: '', start, end: edges.lastIndex };
  }
  return broken(sql, start, 'comment');
}

function quoted(sql: string, start: number, quote: string): Lexeme {
  for (let i = start + 1; i < sql.length; i++) {
    if (sql[i] === '\\') i++;
    else if (sql[i] === quote) {
      if (sql[i + 1] !== quote) return quotedToken(sql, start, i + 1, quote);
      i++;
    }
  }
  return broken(sql, start, `quote ${quote}`);
}

function quotedToken(sql: string, start: number, end: number, quote: string): Lexeme {
  const text = unescaped(sql.slice(start + 1, end - 1).replaceAll(quote + quote, quote));
  return { kind: quote === "'" ? 'string' : 'name', text, start, end };
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  '0': '\0',
  a: '\x07',
  v: '\v',
  e: '\x1b',
};

/** `\x66` is an `f` to ClickHouse, also in a quoted name. */
function unescaped(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|(.))/gs, (_, hex: string | undefined, char: string) =>
    hex === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function typographicQuoted(
  sql: string,
  start: number,
  quote: { close: string; kind: 'string' | 'name' },
): Lexeme {
  const close = sql.indexOf(quote.close, start);
  if (close === -1) return broken(sql, start, 'quote');
  return { kind: quote.kind, text: sql.slice(start + 1, close), start, end: close + 1 };
}

/** `$tag$ … $tag$` is a string; null when the dollar only begins a word. */
function heredocToken(sql: string, start: number): Lexeme | null {
  const tag = /\$\w*\$/y;
  const bodyAt = matchEnd(tag, sql, start);
  if (bodyAt === start) return null;
  const close = sql.indexOf(sql.slice(start, bodyAt), bodyAt);
  if (close === -1) return null;
  return { kind: 'string', text: sql.slice(bodyAt, close), start, end: close + bodyAt - start };
}

function broken(sql: string, start: number, what: string): Lexeme {
  return { kind: 'broken', text: `${what} at offset ${start} is not closed`, start, end: sql.length };
}
