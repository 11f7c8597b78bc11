import { hash } from 'node:crypto';

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

/** Whole subtrees, the largest first: enough to go on, or to give the root. */
export interface Frontier {
  readonly size: number;
  /** Hex. */
  readonly nodes: readonly string[];
}

/**
 * The Merkle tree of RFC 6962 over the lines of a ledger, one after the other, in memory that does not grow with it.
 * The entry of a line is its hash (32 bytes), which stands for its content. About 2 us a line.
 */
export class LedgerTree {
  /** By height: the whole subtree of 2^height leaves that stands there, or null. */
  readonly #nodes: (Buffer | null)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param lineHash hex */
  append(lineHash: string): void {
    this.appendLeaf(leafHash(lineHash));
  }

  appendLeaf(leaf: Buffer): void {
    let node = leaf;
    let height = 0;
    for (let left = this.#nodes[0]; left != null; left = this.#nodes[height]) {
      node = nodeHash(left, node);
      this.#nodes[height++] = null;
    }
    this.#nodes[height] = node;
    this.#size++;
  }

  root(): Buffer {
    let root: Buffer | null = null;
    for (const node of this.#nodes) {
      if (node === null) continue;
      root = root === null ? node : nodeHash(node, root);
    }
    return root ?? hash('sha256', '', 'buffer'); // of nothing, as RFC 6962 has it
  }

  frontier(): Frontier {
    const nodes = this.#nodes.flatMap((node) => (node === null ? [] : [node.toString('hex')]));
    return { size: this.#size, nodes: nodes.reverse() };
  }

  /** Null when the parts do not make a tree of that size. */
  static from({ size, nodes }: Frontier): LedgerTree | null {
    const tree = new LedgerTree();
    const rest = nodes.map((node) => Buffer.from(node, 'hex'));
    for (let height = 0, left = size; left > 0; height++, left = Math.floor(left / 2)) {
      const node = left % 2 === 1 ? rest.pop() : null;
      if (node === undefined || (node !== null && node.length !== 32)) return null;
      tree.#nodes[height] = node;
    }
    tree.#size = size;
    return rest.length === 0 ? tree : null;
  }
}

/** @param lineHash hex */
export function leafHash(lineHash: string): Buffer {
  return hash('sha256', Buffer.concat([LEAF, Buffer.from(lineHash, 'hex')]), 'buffer');
}

export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return hash('sha256', Buffer.concat([NODE, left, right]), 'buffer');
}
