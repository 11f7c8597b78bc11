import { existsSync } from 'node:fs';
import { open } from 'lmdb';
import { PipelineError } from '../core/errors.ts';
import { type Checkpoint, GENESIS, HASH_LENGTH, hashText, ledgerPath, parseLine } from './ledger.ts';

export interface LedgerCheck {
  readonly isIntact: boolean;
  readonly lineCount: number;
  /** The newest line that was still good. */
  readonly head: Checkpoint;
  /** The first line that is wrong, and how; null when the chain holds. */
  readonly problem: { readonly seq: number; readonly text: string } | null;
}

/** What is wrong with one line, given the one before; null when it is good. */
function problemOf({
  seq,
  stored,
  before,
}: {
  seq: number;
  stored: string;
  before: Checkpoint;
}): string | null {
  if (seq !== before.seq + 1) return `line ${before.seq + 1} is missing: ${before.seq} is followed by ${seq}`;
  const content = stored.slice(HASH_LENGTH);
  if (hashText(content) !== stored.slice(0, HASH_LENGTH))
    return `the content of line ${seq} does not match its hash`;
  const { response } = parseLine(stored);
  if (response.seq !== seq) return `line ${seq} says it is line ${response.seq}`;
  if (response.prevHash !== before.hash) return `line ${seq} does not follow line ${before.seq}`;
  return null;
}

/**
 * Walks the whole ledger of a data directory, also while its process runs, and recomputes every hash.
 * A chain proves that nothing inside it was changed; that nothing was cut off its end shows only against a
 * checkpoint kept elsewhere (`since`).
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
  const root = open<string, string>({ path, noSubdir: false, encoding: 'string', readOnly: true });
  try {
    const lines = root.openDB<string, number>('lines', { encoding: 'string', keyEncoding: 'uint32' });
    const recorded = root.openDB<string, string>('meta', { encoding: 'string' }).get('head');
    let head = GENESIS;
    let lineCount = 0;
    let seen = since.seq === 0;
    const result = (problem: LedgerCheck['problem']) => ({
      isIntact: problem === null,
      lineCount,
      head,
      problem,
    });
    for (const { key: seq, value: stored } of lines.getRange({ snapshot: true })) {
      const text = problemOf({ seq, stored, before: head });
      if (text !== null) return result({ seq, text });
      lineCount++;
      head = { seq, hash: stored.slice(0, HASH_LENGTH) };
      if (seq === since.seq) seen = head.hash === since.hash;
      if (seq === since.seq && !seen)
        return result({ seq, text: `line ${seq} is not the one of the checkpoint` });
    }
    if (!seen)
      return result({
        seq: head.seq + 1,
        text: `the ledger ends before the checkpoint at line ${since.seq}`,
      });
    const lastSeq = Number(recorded?.slice(HASH_LENGTH) ?? 0);
    if (head.seq < lastSeq)
      return result({ seq: head.seq + 1, text: `lines after ${head.seq} were cut off` });
    return result(null);
  } finally {
    void root.close();
  }
}
