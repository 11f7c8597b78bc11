import { type Document, isMap, isNode, isPair, isScalar, isSeq, type LineCounter, type Node } from 'yaml';

export interface Position {
  readonly line: number;
  readonly column: number;
}

type Path = readonly PropertyKey[];

/** A value, its key when `atKey`, or a character of a text value, counted from 0. */
export interface Place {
  readonly path: Path;
  readonly atKey: boolean;
  readonly within?: { readonly text: string; readonly offset: number } | undefined;
}

/** Reading a key may take its spaces away: `web -> recs` is the edge `web->recs`. */
function withoutSpaces(key: unknown): string {
  return String(key).replaceAll(/\s+/g, '');
}

/** The value at one step, and where its key (or, in a list, the value itself) begins. */
function step(node: Node | null, key: PropertyKey): { value: Node | null; startAt: number | null } | null {
  if (isMap(node)) {
    const pair =
      node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key)) ??
      node.items.find((item) => isScalar(item.key) && withoutSpaces(item.key.value) === withoutSpaces(key));
    // Where one or a list of them may stand, the one is its own first.
    if (pair === undefined) return key === 0 ? { value: node, startAt: node.range?.[0] ?? null } : null;
    const startAt = isNode(pair.key) ? (pair.key.range?.[0] ?? null) : null;
    return { value: isNode(pair.value) ? pair.value : null, startAt };
  }
  if (isSeq(node) && typeof key === 'number') {
    const item = node.items[key];
    if (isPair(item) || !isNode(item)) return null;
    return { value: item, startAt: item.range?.[0] ?? null };
  }
  return null;
}

/**
 * Where a character of a text value is written: quotes, escapes, folded lines and indentation stand between. Walks the
 * value and its source together; blanks may differ, everything else is found again.
 */
function offsetInText(
  source: string,
  startAt: number,
  { text, offset }: NonNullable<Place['within']>,
): number {
  const isBlock = /[|>]/.test(source[startAt] as string);
  let at = isBlock ? source.indexOf('\n', startAt) : startAt;
  for (const char of text.slice(0, offset)) if (!/\s/.test(char)) at = source.indexOf(char, at) + 1;
  const wanted = text.slice(offset).trimStart()[0];
  return wanted === undefined ? at : source.indexOf(wanted, at);
}

/**
 * Where a person should look for a problem at `path`, both counted from 1: at the value; at its key when
 * `atKey`, or when the value is empty; at the nearest enclosing key when the path does not exist.
 */
export function yamlPosition(
  { document, lines, text }: { document: Document.Parsed; lines: LineCounter; text: string },
  { path, atKey, within }: Place,
): Position {
  let node: Node | null = document.contents;
  let foundAt = node?.range?.[0] ?? 0;
  for (const [index, key] of path.entries()) {
    const next = step(node, key);
    if (next === null) break;
    const isLast = index === path.length - 1;
    const valueAt = next.value?.range?.[0] ?? null;
    const written = next.value !== null && (next.value.range?.[1] ?? 0) > (valueAt ?? 0);
    foundAt = (isLast && !atKey && written ? valueAt : next.startAt) ?? foundAt;
    node = next.value;
  }
  const { line, col } = lines.linePos(within === undefined ? foundAt : offsetInText(text, foundAt, within));
  return { line, column: col };
}
