import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { PipelineError } from '../core/errors.ts';
import { beforeFirstLine, type Checkpoint, GENESIS, type LedgerRow, walkLines } from './ledger-line.ts';
import type { WrittenEnd } from './ledger-segments.ts';
import { segmentFiles, segmentPath } from './segment-files.ts';

/** Hundreds of lines. */
const CHUNK_BYTES = 1_048_576;

/** What was read last, and where the next line stands. */
interface Position extends WrittenEnd {
  readonly head: Checkpoint;
}

interface Read {
  readonly rows: readonly LedgerRow[];
  readonly position: Position;
}

/** Reads a ledger from a line on. Going on where it stopped, or once more from where it began, costs the new lines. */
export class LedgerReader {
  readonly #folder: string;
  #from: Position | null = null;
  #to: Position | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Lines after `seq`, oldest first, and none beyond `end`: what stands there may be of a write that failed.
   * @throws PipelineError internal when the lines before `end` were damaged
   */
  readAfter(
    seq: number,
    { limit, end, head }: { limit: number; end: WrittenEnd; head: Checkpoint },
  ): LedgerRow[] {
    let position = [this.#to, this.#from].find((known) => known?.head.seq === seq) ?? this.#locate(seq, end);
    this.#from = position;
    const rows: LedgerRow[] = [];
    while (rows.length < limit && position.ordinal <= end.ordinal) {
      const read = this.#readSegment(position, { limit: limit - rows.length, end });
      rows.push(...read.rows);
      if (read.rows.length === 0 && position.ordinal === end.ordinal) break;
      position =
        read.rows.length > 0 ? read.position : { ...position, ordinal: position.ordinal + 1, offsetBytes: 0 };
    }
    if (rows.length > 0) this.#to = position;
    else if (seq < head.seq) throw damaged(this.#folder, position.head.seq);
    return rows;
  }

  #readSegment(position: Position, { limit, end }: { limit: number; end: WrittenEnd }): Read {
    const { ordinal, offsetBytes } = position;
    const from = { path: segmentPath(this.#folder, ordinal), offsetBytes };
    const restBytes = (ordinal === end.ordinal ? end.offsetBytes : statSync(from.path).size) - offsetBytes;
    const walk = (lengthBytes: number) => walkLines(readRange(from, lengthBytes), position.head, limit);
    const some = walk(Math.min(restBytes, CHUNK_BYTES));
    const isLongLine = some.rows.length === 0 && some.problem === null && restBytes > CHUNK_BYTES;
    const { rows, head, endBytes } = isLongLine ? walk(restBytes) : some;
    return { rows, position: { ordinal, offsetBytes: offsetBytes + endBytes, head } };
  }

  /** Once after a start: reads segments from the newest on. */
  #locate(seq: number, end: WrittenEnd): Position {
    for (const { ordinal, path } of segmentFiles(this.#folder).toReversed()) {
      const bytes = readFileSync(path);
      const before = ordinal <= end.ordinal ? beforeFirstLine(bytes) : null;
      if (before === null || before.seq > seq) continue;
      const { head, endBytes } = walkLines(bytes, before, seq - before.seq);
      return { ordinal, offsetBytes: endBytes, head };
    }
    return { ordinal: 1, offsetBytes: 0, head: GENESIS };
  }
}

function readRange(
  { path, offsetBytes }: { path: string; offsetBytes: number },
  lengthBytes: number,
): Buffer {
  const bytes = Buffer.alloc(lengthBytes);
  const fd = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(fd, bytes, 0, lengthBytes, offsetBytes));
  } finally {
    closeSync(fd);
  }
}

function damaged(folder: string, seq: number): PipelineError {
  return new PipelineError(
    'internal',
    `The ledger at ${folder} cannot be read on after line ${seq}; "plumbline ledger verify" says what is wrong there.`,
    { folder, seq },
  );
}
