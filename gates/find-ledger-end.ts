import { readFileSync } from 'node:fs';
import { beforeFirstLine, type Checkpoint, GENESIS, hashText, walkLines } from './ledger-line.ts';
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
  /** SHA-256 of what stands there: the next line says it, so that it can be changed no more. */
  readonly tornHash: string | null;
}

/**
 * The last good line, and what follows it. A crash while a group was written leaves a part of it, in any order of
 * its blocks: complete lines are good though nobody was answered, the rest was never a decision.
 */
export function findLedgerEnd(folder: string): LedgerEnd {
  let tornOrdinal: number | null = null;
  const rests: Buffer[] = [];
  const endAt = (head: Checkpoint, ordinal: number, offsetBytes: number): LedgerEnd => {
    const tornHash = hashTorn(rests);
    const isTorn = tornHash !== null;
    return tornOrdinal === null
      ? { head, ordinal, offsetBytes, isTorn, tornHash }
      : { head, ordinal: tornOrdinal, offsetBytes: 0, isTorn: true, tornHash };
  };
  for (const { ordinal, path } of segmentFiles(folder).toReversed()) {
    const bytes = readFileSync(path);
    const before = beforeFirstLine(bytes);
    if (before !== null) {
      const { head, endBytes } = walkLines(bytes, before);
      rests.unshift(bytes.subarray(endBytes));
      return endAt(head, ordinal, endBytes);
    }
    if (tornOrdinal === null && isZero(bytes)) continue; // made in advance
    tornOrdinal ??= ordinal; // its very first write was cut off: the last good line stands in an older one
    rests.unshift(bytes);
  }
  return endAt(GENESIS, 0, 0);
}

/** Of what stands between two lines, over segments that are not all zeros; null when all are. */
export function hashTorn(rests: readonly Buffer[]): string | null {
  const torn = rests.filter((rest) => !isZero(rest));
  return torn.length === 0 ? null : hashText(Buffer.concat(torn));
}

function isZero(bytes: Buffer): boolean {
  return bytes.equals(Buffer.alloc(bytes.length));
}
