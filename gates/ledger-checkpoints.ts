import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../core/errors.ts';
import {
  addVerifierKey,
  appendCheckpoint,
  cutTornCheckpoint,
  readCheckpointFile,
  type StoredCheckpoint,
} from './checkpoint-file.ts';
import type { LedgerRow } from './ledger-line.ts';
import { type Frontier, LedgerTree } from './ledger-tree.ts';
import { verifierLine } from './receipts/public-key.ts';
import { signNote } from './receipts/signed-note.ts';
import type { SigningKey } from './receipts/signing-key.ts';
import { treeHeadText } from './receipts/tree-head.ts';

export interface LedgerCheckpointsDeps {
  readonly folder: string;
  readonly key: SigningKey;
  /** Lines after a number, oldest first, some at a time; none at the end. Throws where they cannot be read. */
  readonly linesAfter: (seq: number) => readonly LedgerRow[];
  readonly headSeq: number;
}

/**
 * The signed states of a ledger: what `checkpoints` holds is never contradicted, neither by what is signed later nor
 * by the lines, or nothing is signed any more.
 */
export class LedgerCheckpoints {
  readonly #folder: string;
  readonly #key: SigningKey;
  /** Null when the lines are not those that were signed. */
  readonly #tree: LedgerTree | null;
  #newest: StoredCheckpoint | null;
  #writing: Promise<unknown> = Promise.resolve();

  constructor({ folder, key, linesAfter, headSeq }: LedgerCheckpointsDeps) {
    this.#folder = folder;
    this.#key = key;
    cutTornCheckpoint(folder);
    const { checkpoints } = readCheckpointFile(folder);
    this.#newest = checkpoints.at(-1) ?? null;
    this.#tree = growTree(startOf(folder, checkpoints), { linesAfter, headSeq, signed: this.#newest });
  }

  get newest(): StoredCheckpoint | null {
    return this.#newest;
  }

  /** A line that is on disk. */
  add(lineHash: string): void {
    this.#tree?.append(lineHash);
  }

  /**
   * Signs the ledger as it is, unless the newest checkpoint says just that; on disk when this returns.
   * @returns the newest checkpoint
   * @throws PipelineError internal when the lines on disk contradict what was signed; ledger_unwritable
   */
  write(): Promise<StoredCheckpoint> {
    const written = this.#writing.catch(() => undefined).then(() => this.#write());
    this.#writing = written;
    return written;
  }

  async #write(): Promise<StoredCheckpoint> {
    const tree = this.#tree;
    const folder = this.#folder;
    if (tree === null) {
      const text = `The ledger at ${folder} is not the one that was signed, so it is signed no more: "plumbline ledger verify" says what is wrong. Keep that folder elsewhere as evidence; without it a new ledger begins.`;
      throw new PipelineError('internal', text, { folder });
    }
    if (this.#newest?.size === tree.size) return this.#newest;
    const head = {
      origin: this.#key.public.name,
      size: tree.size,
      root: tree.root().toString('base64'),
    };
    const frontier = tree.frontier();
    const note = signNote(treeHeadText(head), this.#key);
    try {
      await addVerifierKey(folder, verifierLine(this.#key.public));
      await appendCheckpoint(folder, note);
      this.#newest = { ...head, note };
      await writeFrontier(folder, frontier);
    } catch (cause) {
      const text = `The checkpoint of ${folder} was not recorded: ${(cause as Error).message}. Free or repair the disk of the data directory.`;
      throw new PipelineError('ledger_unwritable', text, { folder }, cause);
    }
    return this.#newest;
  }
}

const frontierPath = (folder: string): string => join(folder, 'tree.json');

/** The size of the tree that was kept last; 0 when nobody knows. */
export function readKeptSize(folder: string): number {
  return readFrontier(folder)?.size ?? 0;
}

function readFrontier(folder: string): Frontier | null {
  try {
    return JSON.parse(readFileSync(frontierPath(folder), 'utf8')) as Frontier;
  } catch {
    return null; // made again from the lines
  }
}

async function writeFrontier(folder: string, frontier: Frontier): Promise<void> {
  const path = frontierPath(folder);
  await writeFile(`${path}.tmp`, JSON.stringify(frontier));
  await rename(`${path}.tmp`, path);
}

/** Without it a start would read the whole ledger. It counts only when it leads to a root that was signed. */
function startOf(folder: string, checkpoints: readonly StoredCheckpoint[]): LedgerTree {
  const frontier = readFrontier(folder);
  const tree = frontier === null ? null : LedgerTree.from(frontier);
  const root = tree?.root().toString('base64');
  return tree != null && checkpoints.some((one) => one.size === tree.size && one.root === root)
    ? tree
    : new LedgerTree();
}

/** Null when the lines cannot be read, or contradict what was signed. */
function growTree(
  tree: LedgerTree,
  {
    linesAfter,
    headSeq,
    signed,
  }: Pick<LedgerCheckpointsDeps, 'linesAfter' | 'headSeq'> & { signed: StoredCheckpoint | null },
): LedgerTree | null {
  const contradicts = () =>
    signed !== null && tree.size === signed.size && tree.root().toString('base64') !== signed.root;
  try {
    while (tree.size < headSeq) {
      const rows = linesAfter(tree.size);
      if (rows.length === 0) return null;
      for (const { hash } of rows) {
        tree.append(hash);
        if (contradicts()) return null;
      }
    }
  } catch {
    return null;
  }
  return contradicts() || tree.size !== headSeq || (signed !== null && signed.size > tree.size) ? null : tree;
}
