import { sqlName, sqlString } from '../sql-text.ts';
import { type SqlToken, sqlTokens } from '../sql-tokens.ts';
import { isReadKeyword, isSymbol, isWord } from './describe-statement.ts';
import { FILES_DATABASE } from './engine-config-file.ts';
import { EngineFault } from './engine-fault.ts';
import { isClosedSetting, refuseSetting } from './guest-limits.ts';

/** Table functions that make or view rows in the engine; every other one reaches out of it. */
const OPEN_TABLE_FUNCTIONS = new Set(
  (
    'numbers numbers_mt zeros zeros_mt generaterandom generateseries generate_series primes values null view ' +
    'viewifpermitted viewexplain merge format dictionary sqlstandardvalues ' +
    'mergetreeindex mergetreetextindex mergetreeprojection mergetreeanalyzeindexes'
  ).split(' '),
);

/** Ordinary functions that read files, call other machines or look into the process. */
const CLOSED_FUNCTIONS = /^(file|catboostevaluate|ai\w+|showcertificate|addressto\w+|demangle)$/;

/** Formats that read a schema or a template from a file of this machine. */
const CLOSED_FORMATS = /^(Template|Protobuf|CapnProto)/i;

/**
 * Admits a statement of a caller without the internal token, or refuses it. The engine refuses writes and most
 * of the rest by itself (role and readonly); this closes what it lets pass: files by file() and INTO OUTFILE,
 * templates, several statements in one, settings that lift a limit.
 * @param tableFunctions names of all the engine has, in lower case: one that is new is closed until it is known
 * @returns the statement written anew from its tokens, so that the engine reads what was looked at here, whatever
 *   it thinks of comments and quotes
 * @throws EngineFault 62, 164, 497
 */
export function admitGuest(sql: string, tableFunctions: ReadonlySet<string>): string {
  const tokens = [...sqlTokens(sql)];
  while (isSymbol(tokens.at(-1), ';')) tokens.pop();
  checkKeyword(tokens);
  let inSettings = false;
  for (const [i, token] of tokens.entries()) {
    const next = tokens[i + 1];
    if (token.kind === 'broken') throw new EngineFault(62, 'SYNTAX_ERROR', `Syntax error: ${token.text}`);
    // Before a blank it would be a comment; alone it is nothing.
    if (isSymbol(token, '#')) throw new EngineFault(62, 'SYNTAX_ERROR', 'Syntax error: stray #');
    if (isSymbol(token, ';')) {
      throw new EngineFault(
        62,
        'SYNTAX_ERROR',
        'Multi-statements are not allowed; send one statement a request',
      );
    }
    if (holdsFilesDatabase(token.text)) refuse(`Database ${FILES_DATABASE}`);
    if (isSymbol(next, '(') && isCallable(token)) checkFunction(token.text, tableFunctions);
    if (isWord(token, 'INTO') && isWord(next, 'OUTFILE')) refuse('INTO OUTFILE');
    if (isWord(token, 'FORMAT') && next !== undefined) checkFormat(next.text);
    if (inSettings && token.kind !== 'string' && isClosedSetting(token.text)) refuseSetting(token.text);
    inSettings ||= isWord(token, 'SETTINGS');
  }
  return written(sql, tokens);
}

/** Values of parameters can be names too: `{t:Identifier}`. @throws EngineFault 497 */
export function checkGuestValues(values: Iterable<string>): void {
  for (const value of values) if (holdsFilesDatabase(value)) refuse(`Database ${FILES_DATABASE}`);
}

/** @throws EngineFault 497 */
export function checkFormat(format: string): void {
  if (CLOSED_FORMATS.test(format)) refuse(`FORMAT ${format}`);
}

function checkKeyword(tokens: readonly SqlToken[]): void {
  const first = tokens.find((token) => !isSymbol(token, '('));
  if (first === undefined) throw new EngineFault(62, 'SYNTAX_ERROR', 'Empty query');
  if (isReadKeyword(first)) return;
  throw new EngineFault(
    164,
    'READONLY',
    `${first.text.slice(0, 40)}: callers without the internal token may only SELECT, SHOW, DESCRIBE, EXPLAIN, EXISTS`,
  );
}

function checkFunction(name: string, tableFunctions: ReadonlySet<string>): void {
  const lower = name.toLowerCase();
  if (OPEN_TABLE_FUNCTIONS.has(lower)) return;
  if (tableFunctions.has(lower) || CLOSED_FUNCTIONS.test(lower)) refuse(`${name}()`);
}

function refuse(what: string): never {
  throw new EngineFault(
    497,
    'ACCESS_DENIED',
    `${what} is closed to callers without the internal token; read the tables of this engine, or give the token`,
  );
}

/** Names and heredocs in plain quotes, a blank for each comment, and one where a new quote could join another. */
function written(sql: string, tokens: readonly SqlToken[]): string {
  let text = '';
  let end = 0;
  for (const token of tokens) {
    const gap = sql.slice(end, token.start);
    const next = source(sql, token);
    const joins =
      gap === '' && /[\w$'"`]$/.test(text) && /^['"`]/.test(next) && !sql.startsWith(next, token.start);
    const joined = gap === '' && /['"`]$/.test(text) && /^[\w$'"`]/.test(next);
    text += (joins || joined || !/^\s*$/.test(gap) ? ' ' : gap) + next;
    end = token.end;
  }
  return text;
}

function source(sql: string, token: SqlToken): string {
  if (token.kind === 'name') return sqlName(token.text);
  const text = sql.slice(token.start, token.end);
  return token.kind === 'string' && !text.startsWith("'") ? sqlString(token.text) : text;
}

function holdsFilesDatabase(text: string): boolean {
  return text.toLowerCase().includes(FILES_DATABASE);
}

/** A quoted name can be called like a bare one. */
function isCallable(token: SqlToken): boolean {
  return token.kind === 'word' || token.kind === 'name' || token.kind === 'number';
}
