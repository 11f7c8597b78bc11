import { existsSync, readFileSync } from 'node:fs';
import { PipelineError } from '../core/errors.ts';
import { readLedgerCursor } from './ledger-cursor.ts';
import { type Checkpoint, GENESIS, type LineProblem, walkLines } from './ledger-line.ts';
import { ledgerPath, segmentFiles } from './segment-files.ts';

export interface LedgerCheck {
  readonly isIntact: boolean;
  readonly lineCount: number;
  /** The newest line that was still good. */
  readonly head: Checkpoint;
  /** The first line that is wrong, and how; null when the chain holds. */
  readonly problem: LineProblem | null;
}

/**
 * Walks the whole ledger of a data directory, also while its process runs, and recomputes every hash.
 * Beside a running process a reading is not one moment: a group may show its later bytes before its earlier ones,
 * and the next segment lines whose predecessors came after their segment was read. Read again, these are there:
 * a problem is one when the good lines before it have not become more.
 * Bytes that are no good lines are what a crash cut off when the next segment goes on exactly before them, or when
 * they are no complete line; else they are the problem.
 * A chain proves that nothing inside it was changed; that nothing was cut off its end shows only against what was
 * copied into the store, and against a checkpoint kept elsewhere (`since`).
 * @throws PipelineError not_found when there is no ledger: a check that saw nothing is no pass
 */
export function verifyLedger(dataDir: string, since: Checkpoint = GENESIS): LedgerCheck {
  const path = ledgerPath(dataDir);
  if (!existsSync(path)) {
    throw new PipelineError(
      'not_found',
      `There is no ledger at ${path}. Give the data directory of a server.`,
      { path },
    );
  }
  let check = walkLedger(path, since);
  for (let seenSeq = -1; check.problem !== null && check.head.seq > seenSeq; ) {
    seenSeq = check.head.seq;
    check = walkLedger(path, since);
  }
  return check;
}

function walkLedger(path: string, since: Checkpoint): LedgerCheck {
  const copiedSeq = readLedgerCursor(path); // before the lines: their process writes on
  let head = GENESIS;
  let lineCount = 0;
  let problem: LineProblem | null = null;
  const result = (found: LineProblem | null): LedgerCheck => ({
    isIntact: found === null,
    lineCount,
    head,
    problem: found,
  });
  for (const segment of segmentFiles(path)) {
    const walk = walkLines(readFileSync(segment.path), head);
    for (const { response, hash } of walk.rows) {
      lineCount++;
      head = { seq: response.seq, hash };
      if (head.seq === since.seq && hash !== since.hash)
        return result({ seq: head.seq, text: `line ${head.seq} is not the one of the checkpoint` });
    }
    problem = walk.rows.length > 0 ? walk.problem : (problem ?? walk.problem);
  }
  if (problem !== null) return result(problem);
  const next = head.seq + 1;
  if (head.seq < since.seq)
    return result({ seq: next, text: `the ledger ends before the checkpoint at line ${since.seq}` });
  if (head.seq < copiedSeq) return result({ seq: next, text: `lines after ${head.seq} were cut off` });
  return result(null);
}
