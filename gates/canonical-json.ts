/**
 * JSON as RFC 8785 (JCS) writes it: keys sorted by UTF-16 code units, no blanks, numbers and texts as ECMAScript
 * prints them, so that whoever holds a decision can compute its hash. The subset we need: plain objects, arrays,
 * texts, finite numbers, booleans, null. A key whose value is undefined is left out, as in JSON.stringify.
 * @throws RangeError for anything JSON has no word for (NaN, Infinity, undefined in a list, functions)
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError(`${value} has no JSON form`);
  if (value === null || typeof value !== 'object') {
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw new RangeError(`${typeof value} has no JSON form`);
    return text;
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  // Each decision is written this way: no lists of pairs in between.
  const fields = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const key of Object.keys(fields).sort()) {
    const member = fields[key];
    if (member === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}
