import { mkdirSync } from 'node:fs';
import { hasCode, PipelineError } from '../core/errors.ts';
import type { DecisionRow } from '../store/decisions.ts';
import type { StoredCheckpoint } from './checkpoint-file.ts';
import { findLedgerEnd, type LedgerEnd } from './find-ledger-end.ts';
import { LedgerCheckpoints } from './ledger-checkpoints.ts';
import { readLedgerCursor, writeLedgerCursor } from './ledger-cursor.ts';
import { entryContent, isDecision, type LedgerEntry, type Recorded } from './ledger-entry.ts';
import {
  type Checkpoint,
  HASH_LENGTH,
  type LedgerRow,
  lineText,
  rowOfContent,
  seqOf,
} from './ledger-line.ts';
import { LedgerReader } from './ledger-reader.ts';
import { LedgerSegments, type WrittenEnd } from './ledger-segments.ts';
import { receiptSigner } from './receipts/sign-receipt.ts';
import { replicaSigningKey, type SigningKey } from './receipts/signing-key.ts';
import { ledgerPath } from './segment-files.ts';

interface Waiting {
  readonly entry: LedgerEntry;
  readonly resolve: (recorded: Recorded) => void;
  readonly reject: (error: PipelineError) => void;
}

/** A line on disk. What it says is read when somebody asks for it: a thousand at once would hold up the next write. */
export interface WrittenLine {
  readonly seq: number;
  readonly isDecision: boolean;
  row(): LedgerRow;
}

/** A line of a group, and where its content stands in the group's bytes. */
interface Made {
  readonly seq: number;
  readonly prevHash: string;
  readonly hash: string;
  readonly fromByte: number;
  readonly toByte: number;
  readonly waiting: Waiting;
}

/** Lines that go to disk in one write. */
interface Group {
  readonly made: Made[];
  text: string;
  bytes: number;
  head: Checkpoint;
}

/** Thousands of lines; two of these are on disk from the start. */
const SEGMENT_BYTES = 8_388_608;
/** Group commit: everybody who waits shares one write to disk, up to this many bytes. */
const GROUP_BYTES_MAX = 1_048_576;
/** The newest lines, kept for whoever copies them: a few seconds of many decisions. */
const TAIL_LINES = 5_000;
/** Read at once when the tree is made again. */
const CATCH_UP_LINES = 1_000;

/**
 * The record of decisions: numbered without gaps, each line hashed over the one before, on disk before the
 * answer is given. SHA-256 over RFC 8785 JSON of {seq, prevHash, decidedAtMs, mode, request, response}, where the
 * receipt is null: it is signed over that hash.
 * The folder is one process's own (the data directory is locked), else the chain would fork.
 */
export class Ledger {
  readonly #folder: string;
  readonly #segmentBytes: number;
  readonly #segments: LedgerSegments;
  readonly #reader: LedgerReader;
  readonly #signReceipt: ReturnType<typeof receiptSigner>;
  readonly #checkpoints: LedgerCheckpoints;
  readonly #waiting: Waiting[] = [];
  #tail: WrittenLine[] = [];
  /** Of what a crash cut off before the next line. */
  #tornHash: string | undefined;
  #head: Checkpoint;
  #writing: Promise<void> | null = null;

  /** @throws PipelineError data_dir_unwritable, config_invalid (no key) */
  constructor(
    dataDir: string,
    { segmentBytes = SEGMENT_BYTES, key }: { segmentBytes?: number; key?: SigningKey } = {},
  ) {
    const folder = ledgerPath(dataDir);
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
    this.#reader = new LedgerReader(folder);
    try {
      mkdirSync(folder, { recursive: true });
      const end = endAfterCopies(findLedgerEnd(folder), readLedgerCursor(folder));
      this.#segments = new LedgerSegments({ folder, segmentBytes, end });
      this.#head = end.head;
      this.#tornHash = end.tornHash ?? undefined;
      const signingKey = key ?? replicaSigningKey(dataDir);
      this.#signReceipt = receiptSigner(signingKey);
      const reader = new LedgerReader(folder);
      const { head } = end;
      const linesAfter = (seq: number) =>
        reader.readAfter(seq, { limit: CATCH_UP_LINES, end: this.#segments.end, head });
      this.#checkpoints = new LedgerCheckpoints({ folder, key: signingKey, linesAfter, headSeq: head.seq });
    } catch (cause) {
      if (hasCode(cause, 'data_dir_unwritable') || hasCode(cause, 'config_invalid')) throw cause;
      throw new PipelineError(
        'data_dir_unwritable',
        `The ledger at ${folder} cannot be opened: ${whyOf(cause)}. Check that the folder is writable and on a local disk.`,
        { path: folder },
        cause,
      );
    }
  }

  /**
   * Appends one line and answers when it is on disk.
   * @throws PipelineError ledger_unwritable: then nothing was recorded, and nothing may be answered
   */
  append(entry: LedgerEntry): Promise<Recorded> {
    const recorded = new Promise<Recorded>((resolve, reject) =>
      this.#waiting.push({ entry, resolve, reject }),
    );
    this.#writing ??= this.#drain();
    return recorded;
  }

  async #drain(): Promise<void> {
    await null; // everybody who asks in this turn shares the first write
    while (this.#waiting.length > 0) await this.#writeGroup(this.#takeGroup());
    this.#writing = null;
  }

  async #writeGroup({ made, text, head }: Group): Promise<void> {
    if (made.length === 0) return;
    let bytes: Buffer;
    try {
      bytes = Buffer.from(text);
      await this.#segments.write(bytes);
    } catch (error) {
      const refusal = unwritable(error);
      for (const { waiting } of made) waiting.reject(refusal);
      return;
    }
    this.#head = head; // not before: a group that failed has taken no numbers
    this.#tornHash = undefined;
    for (const { seq, prevHash, hash, fromByte, toByte, waiting } of made) {
      const { claims, texts } = waiting.entry;
      this.#checkpoints.add(hash);
      this.#tail.push(
        new TailLine({ seq, hash, isDecision: isDecision(texts) }, bytes.subarray(fromByte, toByte)),
      );
      waiting.resolve({
        seq,
        prevHash,
        hash,
        receipt: claims === null ? null : this.#signReceipt(claims, { seq, prevHash, lineHash: hash }),
      });
    }
    if (this.#tail.length > 2 * TAIL_LINES) this.#tail = this.#tail.slice(-TAIL_LINES);
  }

  /** Everybody who waits, as far as one write goes. */
  #takeGroup(): Group {
    const group: Group = { made: [], text: '', bytes: 0, head: this.#head };
    const taken = this.#waiting.findIndex((waiting) => !this.#addTo(group, waiting));
    this.#waiting.splice(0, taken < 0 ? this.#waiting.length : taken);
    return group;
  }

  /** Numbers and chains one; false when it must wait for the next group. */
  #addTo(group: Group, waiting: Waiting): boolean {
    const place = { seq: group.head.seq + 1, prevHash: group.head.hash };
    try {
      const torn = group.made.length === 0 ? this.#tornHash : undefined;
      const content = entryContent(waiting.entry, { ...place, torn });
      const { hash, text } = lineText(content);
      const bytes = Buffer.byteLength(text);
      if (bytes > this.#segmentBytes)
        throw new Error(`it takes ${bytes} bytes of at most ${this.#segmentBytes}`);
      const groupBytesMax = Math.min(GROUP_BYTES_MAX, this.#segmentBytes);
      if (group.made.length > 0 && group.bytes + bytes > groupBytesMax) return false;
      const fromByte = group.bytes + HASH_LENGTH;
      const toByte = group.bytes + bytes - 1; // without the newline
      group.made.push({ ...place, hash, fromByte, toByte, waiting });
      group.text += text;
      group.bytes += bytes;
      group.head = { seq: place.seq, hash };
    } catch (cause) {
      // Too long: it takes no number, and its neighbours must not pay for it.
      waiting.reject(unwritable(cause));
    }
    return true;
  }

  checkpoint(): Checkpoint {
    return this.#head;
  }

  get end(): WrittenEnd {
    return this.#segments.end;
  }

  /** A minute old at most, while somebody signs every minute. @throws PipelineError as writeCheckpoint */
  async newestCheckpoint(): Promise<StoredCheckpoint> {
    return this.#checkpoints.newest ?? (await this.writeCheckpoint());
  }

  /** Signs the newest state, unless that was done. @throws PipelineError internal (lines contradict what was signed), ledger_unwritable */
  writeCheckpoint(): Promise<StoredCheckpoint> {
    return this.#checkpoints.write();
  }

  /** Decisions among the `limit` lines after `seq`, oldest first. @throws PipelineError internal when lines were damaged */
  readAfter(seq: number, limit: number): DecisionRow[] {
    return this.linesAfter(seq, limit)
      .map((line) => line.row())
      .filter((row) => 'response' in row);
  }

  /**
   * Lines after `seq`, oldest first.
   * @throws PipelineError internal when lines were damaged
   */
  linesAfter(seq: number, limit: number): WrittenLine[] {
    const oldest = this.#tail[0];
    const skipped = oldest === undefined ? -1 : seq + 1 - oldest.seq;
    if (skipped >= 0) return this.#tail.slice(skipped, skipped + limit);
    const rows = this.#reader.readAfter(seq, { limit, end: this.#segments.end, head: this.#head });
    return rows.map((row) => ({ seq: seqOf(row), isDecision: 'response' in row, row: () => row }));
  }

  /** Up to which line the ledger was copied into the store; survives restarts. */
  readCursor(): number {
    return readLedgerCursor(this.#folder);
  }

  async writeCursor(seq: number): Promise<void> {
    await writeLedgerCursor(this.#folder, seq);
  }

  /** Signs what is there last. @returns the newest checkpoint; null when it cannot be written */
  async close(): Promise<StoredCheckpoint | null> {
    await this.#writing;
    await this.#segments.close();
    return await this.writeCheckpoint().catch(() => null);
  }
}

/** Bytes outside of the heap: thousands of texts in it would be moved by every second collection of garbage. */
class TailLine implements WrittenLine {
  readonly seq: number;
  readonly isDecision: boolean;
  readonly #hash: string;
  readonly #content: Buffer;

  constructor(of: { seq: number; hash: string; isDecision: boolean }, content: Buffer) {
    this.seq = of.seq;
    this.isDecision = of.isDecision;
    this.#hash = of.hash;
    this.#content = content;
  }

  row(): LedgerRow {
    return rowOfContent(this.#content.toString(), this.#hash);
  }
}

/**
 * Lines that were copied were on disk: when they are gone it was no crash. Their numbers are not given again, so
 * that the gap shows for ever.
 */
function endAfterCopies(end: LedgerEnd, copiedSeq: number): LedgerEnd {
  if (copiedSeq <= end.head.seq) return end;
  return { ...end, head: { seq: copiedSeq, hash: end.head.hash }, isTorn: true };
}

function whyOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

export function unwritable(cause: unknown): PipelineError {
  return new PipelineError(
    'ledger_unwritable',
    `The decision was not recorded, so it is not given: ${whyOf(cause)}. Free or repair the disk of the data directory; until then actors use their own fail modes.`,
    {},
    cause,
  );
}
