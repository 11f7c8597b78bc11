import { existsSync, readFileSync } from 'node:fs';
import { PipelineError } from '../core/errors.ts';
import { readCheckpointFile, readVerifierKeys, signatureProblem } from './checkpoint-file.ts';
import { couldBeTorn } from './could-be-torn.ts';
import { hashTorn } from './find-ledger-end.ts';
import { readKeptSize } from './ledger-checkpoints.ts';
import { readLedgerCursor } from './ledger-cursor.ts';
import {
  type Checkpoint,
  GENESIS,
  type LedgerRow,
  type LineProblem,
  seqOf,
  walkLines,
} from './ledger-line.ts';
import { LedgerTree } from './ledger-tree.ts';
import type { PublicKey } from './receipts/public-key.ts';
import type { TreeHead } from './receipts/tree-head.ts';
import { ledgerPath, segmentFiles } from './segment-files.ts';

export interface LedgerCheck {
  readonly isIntact: boolean;
  readonly lineCount: number;
  /** The newest line that was still good. */
  readonly head: Checkpoint;
  /** Signed checkpoints that the lines lead to, and how many lines the newest of them covers. */
  readonly checkpointCount: number;
  readonly signedSeq: number;
  /** The first thing that is wrong, and how; null when all holds. */
  readonly problem: LineProblem | null;
}

export interface VerifyOptions {
  /** Kept elsewhere: a line, or a signed checkpoint. */
  readonly since?: Checkpoint | TreeHead;
  /** Kept elsewhere; else those that stand beside the ledger. */
  readonly keys?: readonly PublicKey[];
  /** Sees every good line, and the bytes its hash is over. */
  readonly onLine?: (row: LedgerRow, content: Buffer) => void;
}

/**
 * Walks the whole ledger of a data directory, also while its process runs: recomputes every hash and the Merkle tree,
 * and holds both against every signed checkpoint. Each byte counts: what is no line must be zeros, or exactly what the
 * line after it says a crash left, or at the very end what a crash could have left.
 * Beside a running process a reading is not one moment: a group may show its later bytes before its earlier ones,
 * and the next segment lines whose predecessors came after their segment was read. Read again, these are there:
 * a problem is one when the good lines before it have not become more.
 * A chain proves that nothing inside it was changed; a checkpoint, that nobody made it anew; that nothing was cut off
 * its end shows against the checkpoints, against what was copied into the store, and against one kept elsewhere.
 * @throws PipelineError not_found when there is no ledger: a check that saw nothing is no pass
 */
export function verifyLedger(dataDir: string, options: VerifyOptions = {}): LedgerCheck {
  const path = ledgerPath(dataDir);
  if (!existsSync(path)) {
    throw new PipelineError(
      'not_found',
      `There is no ledger at ${path}. Give the data directory of a server.`,
      { path },
    );
  }
  let check = walkLedger(path, options);
  for (let seenSeq = -1; check.problem !== null && check.head.seq > seenSeq; ) {
    seenSeq = check.head.seq;
    check = walkLedger(path, options);
  }
  return check;
}

/** Two roots for one number of lines: somebody wrote the ledger anew. */
interface Expected {
  readonly size: number;
  readonly root: string;
  readonly name: string;
}

function walkLedger(path: string, { since, keys, onLine }: VerifyOptions): LedgerCheck {
  const copiedSeq = readLedgerCursor(path); // before the lines: their process writes on
  const keptSize = readKeptSize(path);
  const signed = expectedRoots(path, keys ?? readVerifierKeys(path));
  const tree = new LedgerTree();
  let head = GENESIS;
  let rests: Buffer[] = [];
  let restStart = 0;
  let problem: LineProblem | null = null;
  let checked = 0;
  const result = (found: LineProblem | null): LedgerCheck => ({
    isIntact: found === null,
    lineCount: head.seq,
    head,
    checkpointCount: checked,
    signedSeq: signed.roots[checked - 1]?.size ?? 0,
    problem: found,
  });
  const wrongRoot = (): LineProblem | null => {
    for (let next = signed.roots[checked]; next?.size === tree.size; next = signed.roots[++checked])
      if (tree.root().toString('base64') !== next.root)
        return { seq: next.size, text: `lines 1 to ${next.size} are not those that ${next.name} signed` };
    if (since !== undefined && 'root' in since && since.size === tree.size)
      if (tree.root().toString('base64') !== since.root)
        return { seq: since.size, text: `lines 1 to ${since.size} are not those of the checkpoint` };
    return null;
  };
  problem = wrongRoot();
  for (const segment of segmentFiles(path)) {
    const bytes = readFileSync(segment.path);
    const walk = walkLines(bytes, head);
    if (walk.rows.length > 0 && walk.torn !== hashTorn(rests))
      return result(problem ?? { seq: head.seq + 1, text: `what stands after line ${head.seq} was changed` });
    for (const [index, row] of walk.rows.entries()) {
      head = { seq: seqOf(row), hash: row.hash };
      tree.append(row.hash);
      onLine?.(row, walk.contents[index] as Buffer);
      if (since !== undefined && 'hash' in since && head.seq === since.seq && head.hash !== since.hash)
        return result({ seq: head.seq, text: `line ${head.seq} is not the one of the checkpoint` });
      const wrong = wrongRoot();
      if (wrong !== null) return result(wrong);
    }
    if (walk.rows.length > 0) {
      rests = [];
      problem = null;
    }
    problem ??= walk.problem;
    restStart = walk.rows.length > 0 ? walk.endBytes : 0;
    const rest = bytes.subarray(restStart);
    rests.push(rest);
    if (!couldBeTorn(rest, restStart))
      problem ??= {
        seq: head.seq + 1,
        text: `what stands after line ${head.seq} is no line, and no crash left it`,
      };
  }
  if (problem !== null) return result(problem);
  const next = head.seq + 1;
  const cutOff = (text: string) => result({ seq: next, text });
  const unmet = signed.roots[checked];
  if (unmet !== undefined)
    return cutOff(`lines after ${head.seq} were cut off: ${unmet.name} covers ${unmet.size}`);
  if (signed.problem !== null) return result(signed.problem);
  if (keptSize > (signed.roots.at(-1)?.size ?? 0))
    return result({ seq: keptSize, text: `the checkpoint of ${keptSize} lines was cut off` });
  const sinceSeq = since === undefined ? 0 : 'root' in since ? since.size : since.seq;
  if (head.seq < sinceSeq) return cutOff(`the ledger ends before the checkpoint at line ${sinceSeq}`);
  if (head.seq < copiedSeq) return cutOff(`lines after ${head.seq} were cut off`);
  return result(null);
}

/** What the checkpoints beside the ledger say, up to the first that is wrong by itself. */
function expectedRoots(
  path: string,
  keys: readonly PublicKey[],
): { roots: readonly Expected[]; problem: LineProblem | null } {
  const { checkpoints, rest } = readCheckpointFile(path);
  const roots: Expected[] = [];
  for (const [index, checkpoint] of checkpoints.entries()) {
    const { size, root } = checkpoint;
    const name = `checkpoint ${index + 1}`;
    const before = roots.at(-1)?.size ?? -1;
    const wrong =
      size <= before ? `covers ${size} lines, after one of ${before}` : signatureProblem(checkpoint, keys);
    if (wrong !== null) return { roots, problem: { seq: size, text: `${name} ${wrong}` } };
    roots.push({ size, root, name });
  }
  if (rest !== 'damaged') return { roots, problem: null };
  const seq = roots.at(-1)?.size ?? 0;
  return { roots, problem: { seq, text: `checkpoint ${roots.length + 1}, after line ${seq}, was changed` } };
}
