import { readFileSync } from 'node:fs';
import { beforeFirstLine, type Checkpoint, GENESIS, walkLines } from './ledger-line.ts';
import { segmentFiles } from './segment-files.ts';

/** Where the next line goes. */
export interface LedgerEnd {
  readonly head: Checkpoint;
  /** The newest segment that was ever written to, 0 when none was. */
  readonly ordinal: number;
  /** Where its good lines end. */
  readonly offsetBytes: number;
  /** Something stands there: it stays as it is, and the next line goes into a new segment. */
  readonly isTorn: boolean;
}

/**
 * The last good line, and what follows it. A crash while a group was written leaves a part of it, in any order of
 * its blocks: complete lines are good though nobody was answered, the rest was never a decision.
 */
export function findLedgerEnd(folder: string): LedgerEnd {
  let torn: number | null = null;
  for (const { ordinal, path } of segmentFiles(folder).toReversed()) {
    const bytes = readFileSync(path);
    if (isZero(bytes)) continue; // made in advance
    const before = beforeFirstLine(bytes);
    if (before !== null) {
      const { head, endBytes } = walkLines(bytes, before);
      if (torn !== null) return { head, ordinal: torn, offsetBytes: 0, isTorn: true };
      return { head, ordinal, offsetBytes: endBytes, isTorn: !isZero(bytes.subarray(endBytes)) };
    }
    torn ??= ordinal; // its very first write was cut off: the last good line stands in an older one
  }
  return { head: GENESIS, ordinal: torn ?? 0, offsetBytes: 0, isTorn: torn !== null };
}

function isZero(bytes: Buffer): boolean {
  return bytes.equals(Buffer.alloc(bytes.length));
}
