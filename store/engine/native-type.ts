/** A ClickHouse type as its name says it: `Map(String, UInt64)` is Map of two types. */
export interface NativeType {
  readonly name: string;
  /** What stands in the brackets, as text; of `Tuple(a UInt8, b String)` without the names. */
  readonly args: readonly string[];
}

/** @throws RangeError when the brackets do not match */
export function parseNativeType(text: string): NativeType {
  const open = text.indexOf('(');
  if (open === -1) return { name: text.trim(), args: [] };
  if (!text.trimEnd().endsWith(')')) throw new RangeError(`type ${text} has no closing bracket`);
  const name = text.slice(0, open).trim();
  const args = splitArguments(text.slice(open + 1, text.lastIndexOf(')')));
  return { name, args: name === 'Tuple' || name === 'Nested' ? args.map(withoutElementName) : args };
}

/** Splits at commas outside of brackets and quotes. */
function splitArguments(text: string): string[] {
  const args: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: piece, index } of text.matchAll(/'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|[(),]/gs)) {
    if (piece === '(') depth++;
    else if (piece === ')') depth--;
    else if (piece === ',' && depth === 0) {
      args.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  const last = text.slice(start).trim();
  return last === '' ? args : [...args, last];
}

/** ``a UInt8`` and `` `a b` Array(String) `` to the type; a type alone stays as it is. */
function withoutElementName(text: string): string {
  return /^(?:`(?:\\.|[^`\\])*`|\w+)\s+(.+)$/s.exec(text)?.[1] ?? text;
}
