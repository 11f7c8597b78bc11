import { type Alias, type Document, isAlias, LineCounter, parseAllDocuments, visit } from 'yaml';
import { type Place, type Position, yamlPosition } from './yaml-position.ts';

export interface YamlFault extends Position {
  readonly message: string;
  readonly hint: string;
}

export interface ParsedYaml {
  readonly value: unknown;
  readonly positionOf: (place: Place) => Position;
}

/** Larger than any file a person writes; a YAML parser is no place for a gigabyte. */
const TEXT_LENGTH_MAX = 1_048_576;

// A plain word that starts with * is YAML's alias sign: the commonest way to break a file full of globs.
const QUOTE_THE_STAR = 'put a word that starts with * in quotes';

function hintOf(code: string): string {
  if (code === 'BAD_ALIAS') return QUOTE_THE_STAR;
  if (code === 'DUPLICATE_KEY') return 'keep one of them';
  return 'check indentation, brackets and quotes';
}

function isBareStar({ code }: { code: string }): boolean {
  return code === 'BAD_ALIAS';
}

function unresolvedAlias(document: Document.Parsed): Alias | null {
  let found: Alias | null = null;
  visit(document, {
    Alias: (_key, alias) => {
      if (alias.resolve(document) === undefined) found ??= alias;
    },
  });
  return isAlias(found) ? found : null;
}

/** One YAML document as a value whose parts know where they stand, or the first fault in it. */
export function parseYaml(text: string): ParsedYaml | YamlFault {
  const lines = new LineCounter();
  const faultAt = (offset: number, message: string, hint: string): YamlFault => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col, message, hint };
  };
  if (text.length > TEXT_LENGTH_MAX) {
    const message = `${text.length} characters are no constraint file`;
    return { line: 1, column: 1, message, hint: `write at most ${TEXT_LENGTH_MAX}` };
  }
  const documents = parseAllDocuments(text, { lineCounter: lines });
  const [document, second] = 'empty' in documents ? [] : documents;
  if (document === undefined) {
    return {
      line: 1,
      column: 1,
      message: 'the file is empty',
      hint: 'start from deploy/constraints/checkout.yaml',
    };
  }
  // One open bracket makes the parser complain many times: a bare star, else the first place, is the cause.
  const [first] = [...document.errors].sort((left, right) => left.pos[0] - right.pos[0]);
  const error = first && ([...document.errors, ...document.warnings].find(isBareStar) ?? first);
  if (error !== undefined) {
    const message = error.message.split(/ at line \d+, column \d+/)[0] as string;
    return faultAt(error.pos[0], message, hintOf(error.code));
  }
  if (second !== undefined) {
    return faultAt(second.range[0], 'a second document in one file', 'one constraint set per file');
  }
  const alias = unresolvedAlias(document);
  if (alias !== null)
    return faultAt(alias.range?.[0] ?? 0, `"*${alias.source}" names no anchor`, QUOTE_THE_STAR);
  try {
    return { value: document.toJS(), positionOf: (place) => yamlPosition({ document, lines, text }, place) };
  } catch (cause) {
    // Aliases that multiply without end: the parser counts them and gives up.
    const message = cause instanceof Error ? cause.message : String(cause);
    return { line: 1, column: 1, message, hint: 'write the values out instead of aliasing them' };
  }
}
