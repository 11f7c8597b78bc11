/**
 * JSON as RFC 8785 (JCS) writes it: keys sorted by UTF-16 code units, no blanks, numbers and texts as ECMAScript
 * prints them, so that whoever holds a decision can compute its hash. The subset we need: plain objects, arrays,
 * texts, finite numbers, booleans, null. A key whose value is undefined is left out, as in JSON.stringify.
 * @throws RangeError for anything JSON has no word for (NaN, Infinity, undefined in a list, functions)
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      if (!Number.isFinite(value)) throw new RangeError(`${value} has no JSON form`);
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? listText(value) : objectText(value);
    default:
      throw new RangeError(`${typeof value} has no JSON form`);
  }
}

/** Nothing that JSON escapes, and no halves of surrogate pairs. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

/** Most texts are written as they are: asking for that is cheaper than JSON.stringify. */
function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

function listText(list: readonly unknown[]): string {
  let text = '[';
  for (let i = 0; i < list.length; i++) text += (i === 0 ? '' : ',') + canonicalJson(list[i]);
  return `${text}]`;
}

// Each decision is written this way: no lists of pairs in between.
function objectText(value: object): string {
  const fields = value as Readonly<Record<string, unknown>>;
  const keys = sorted(Object.keys(fields));
  let text = '';
  for (const key of keys) {
    const member = fields[key];
    if (member !== undefined) text += `${text === '' ? '' : ','}${quoted(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

const FEW_KEYS = 32;

/** Few keys in place, where `sort` would make two more lists. */
function sorted(keys: string[]): string[] {
  if (keys.length > FEW_KEYS) return keys.sort();
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i] as string;
    let at = i;
    for (; at > 0 && (keys[at - 1] as string) > key; at--) keys[at] = keys[at - 1] as string;
    keys[at] = key;
  }
  return keys;
}
