import { type Document, isMap, isNode, isPair, isScalar, isSeq, type LineCounter, type Node } from 'yaml';

export interface Position {
  readonly line: number;
  readonly column: number;
}

type Path = readonly PropertyKey[];

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
 * Where a person should look for a problem at `path`, both counted from 1: at the value; at its key when
 * `atKey`, or when the value is empty; at the nearest enclosing key when the path does not exist.
 */
export function yamlPosition(
  { document, lines }: { document: Document.Parsed; lines: LineCounter },
  { path, atKey }: { path: Path; atKey: boolean },
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
  const { line, col } = lines.linePos(foundAt);
  return { line, column: col };
}
