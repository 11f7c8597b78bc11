const VECTOR_OF_NUMBER = /\bor\s+(?:(?:on|ignoring)\s*\([^)]*\)\s*)?vector\s*\(\s*-?[\d.]+\s*\)/i;

/** `… or vector(0)` gives a number where there is no data. */
export function readsMissingAsNumber(query: string): boolean {
  return VECTOR_OF_NUMBER.test(query);
}

/** The query with a gap where its data has one. */
export function withoutVector(query: string): string {
  return query.replaceAll(new RegExp(VECTOR_OF_NUMBER.source, 'gi'), '').trim();
}

const WORDS = new Set([
  ...[
    'and',
    'or',
    'unless',
    'by',
    'without',
    'on',
    'ignoring',
    'group_left',
    'group_right',
    'offset',
    'bool',
  ],
  ...['inf', 'nan', 'start', 'end', 'atan2'],
]);

/** No expression that a person can read is longer. */
const LENGTH_MAX = 20_000;

/** Names of metrics in an expression; not labels, functions or words of the language. */
export function metricNames(expression: string): string[] {
  const bare = expression
    .slice(0, LENGTH_MAX)
    .replaceAll(/#.*$/gm, ' ')
    .replaceAll(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`/g, '""')
    .replaceAll(/\{[^{}]*\}/g, '{}')
    .replaceAll(/\[[^[\]]*\]/g, ' ')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)/gi, ' ');
  const names = [...bare.matchAll(/(?<![\w:.])[a-zA-Z_:][\w:]*(?!\s*\()(?![\w:])/g)].map(([name]) => name);
  return [...new Set(names)].filter((name) => !WORDS.has(name.toLowerCase()));
}
