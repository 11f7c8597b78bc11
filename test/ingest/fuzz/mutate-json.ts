import { mutateBytes } from './mutate-bytes.ts';
import type { Pick } from './pick.ts';

/** What may stand in the place of any value, as it is written. */
const VALUES = [
  'null',
  'true',
  '0',
  '-0',
  '-1',
  '1e400',
  '1E-7',
  '01',
  '+1',
  '.5',
  '1.',
  '9007199254740993',
  '18446744073709551616',
  '-9223372036854775809',
  'NaN',
  'Infinity',
  '""',
  '"NaN"',
  '"Infinity"',
  '"0x10"',
  '" 1"',
  '"1e3"',
  '"18446744073709551615"',
  '"-1"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u0000"',
  '"\\x41"',
  '"\t"',
  '"AAA"',
  '"//8="',
  '"_-8"',
  '"zz"',
  '"5b8efff798038103d269b633813fc60c"',
  '[]',
  '{}',
  '[null]',
  '[[]]',
  '{"a":{}}',
  '{"stringValue":"a","intValue":1}',
  '{"arrayValue":{"values":[{}]}}',
  '{"kvlistValue":null}',
  '[',
  '}',
  'undefined',
  "'a'",
  '/**/1',
  '"STATUS_CODE_OK"',
] as const;
const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '"',
  '\\',
  '\\u',
  '\ufeff',
  ' ',
  '\n',
  '0',
  'e',
  '-',
  'null',
  ',,',
  '":"',
];
/** A value: text, number, word, or an object or array without others inside. */
const VALUE = /"(?:[^"\\]|\\.)*"(?!\s*:)|-?\d[\d.eE+-]*|true|false|null|\{[^{}]*\}|\[[^[\]]*\]/g;
const MEMBER = /"(?:[^"\\]|\\.)*"\s*:/g;
const NESTING_MAX = 1_200;

/** Changes a value, a member's name, or the text, of a request in JSON. */
export function mutateJson(pick: Pick, body: Buffer, other: Buffer): Buffer {
  if (pick.chance(0.1)) return mutateBytes(pick, body, other);
  const text = body.toString();
  const mutations: readonly (() => string)[] = [
    () => replaceOne(pick, text, VALUE, () => pick.of(VALUES)),
    () => replaceOne(pick, text, VALUE, () => pick.of(VALUES)),
    () => replaceOne(pick, text, VALUE, (value) => `${value},${value}`),
    () => replaceOne(pick, text, VALUE, (value) => nested(pick, value)),
    () => replaceOne(pick, text, VALUE, () => `"${'\\u00e9'.repeat(pick.below(200))}"`),
    () => replaceOne(pick, text, MEMBER, (name) => `${name}1,${name}`), // the same twice
    () => replaceOne(pick, text, MEMBER, () => `"unknown":{"deep":[1,{}]},"x":`),
    () => replaceOne(pick, text, MEMBER, (name) => name.replace(/[a-z]/, (letter) => letter.toUpperCase())),
    () =>
      replaceOne(pick, text, MEMBER, (name) =>
        name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      ),
    () => insertOne(pick, text, pick.of(TOKENS)),
  ];
  return Buffer.from(pick.of(mutations)());
}

function nested(pick: Pick, value: string): string {
  const depth = pick.below(NESTING_MAX);
  const [open, close] = pick.of([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"arrayValue":{"values":[', ']}}'],
  ] as const);
  return open.repeat(depth) + value + close.repeat(depth);
}

/** The first that stands behind a place chosen anywhere, or the first of all. */
function replaceOne(pick: Pick, text: string, pattern: RegExp, by: (found: string) => string): string {
  pattern.lastIndex = pick.below(text.length + 1);
  const found = pattern.exec(text) ?? pattern.exec(text); // a failed search begins anew at 0
  if (found === null) return insertOne(pick, text, pick.of(TOKENS));
  const { index, 0: what } = found;
  return text.slice(0, index) + by(what) + text.slice(index + what.length);
}

function insertOne(pick: Pick, text: string, token: string): string {
  const at = pick.below(text.length + 1);
  return text.slice(0, at) + token + text.slice(at + pick.below(2));
}
