import { LedgerTree, leafHash, nodeHash } from './ledger-tree.ts';

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Collects the proof that leaf `index` is in the tree of the first `size` leaves, while the leaves go by once. */
export class InclusionProof {
  readonly #parts: readonly (Range & { readonly tree: LedgerTree })[];

  constructor(index: number, size: number) {
    this.#parts = siblings(index, { start: 0, end: size }).map((range) => ({
      ...range,
      tree: new LedgerTree(),
    }));
  }

  see(index: number, lineHash: string): void {
    this.#parts.find(({ start, end }) => start <= index && index < end)?.tree.append(lineHash);
  }

  /** From the leaf to the root, in base64. */
  path(): string[] {
    return this.#parts.map(({ tree }) => tree.root().toString('base64'));
  }
}

/** The subtrees beside the way from leaf `index` up to the root. @see RFC 6962 section 2.1.1 */
function siblings(index: number, { start, end }: Range): Range[] {
  if (end - start <= 1) return [];
  let half = 1;
  while (2 * half < end - start) half *= 2;
  const middle = start + half;
  return index < middle
    ? [...siblings(index, { start, end: middle }), { start: middle, end }]
    : [...siblings(index, { start: middle, end }), { start, end: middle }];
}

/**
 * The root that a proof leads to.
 * @returns null when the path does not fit the index and the size
 * @see RFC 9162 section 2.1.3.2
 */
export function rootOfProof(
  lineHash: string,
  { index, size, path }: { index: number; size: number; path: readonly Buffer[] },
): Buffer | null {
  if (!(index >= 0 && index < size)) return null;
  let at = index;
  let last = size - 1;
  let root = leafHash(lineHash);
  for (const sibling of path) {
    if (last === 0) return null;
    if (at % 2 === 1 || at === last) {
      root = nodeHash(sibling, root);
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else {
      root = nodeHash(root, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? root : null;
}
