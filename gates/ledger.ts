import { mkdirSync } from 'node:fs';
import type { Decision, DecisionRequest } from '../core/decision.ts';
import { hasCode, PipelineError } from '../core/errors.ts';
import type { DecisionRow } from '../store/decisions.ts';
import type { DecisionBody } from './decide.ts';
import { findLedgerEnd, type LedgerEnd } from './find-ledger-end.ts';
import { readLedgerCursor, writeLedgerCursor } from './ledger-cursor.ts';
import { type Checkpoint, lineText } from './ledger-line.ts';
import { LedgerReader } from './ledger-reader.ts';
import { LedgerSegments } from './ledger-segments.ts';
import { ledgerPath } from './segment-files.ts';

/** What is decided, before the ledger gives it its number and its place in the chain. */
export interface Undated {
  readonly decidedAtMs: number;
  readonly decisionId: string;
  readonly request: DecisionRequest;
  readonly body: DecisionBody;
}

interface Waiting {
  readonly undated: Undated;
  readonly resolve: (decision: Decision) => void;
  readonly reject: (error: PipelineError) => void;
}

/** Lines that go to disk in one write. */
interface Group {
  readonly made: { readonly response: Decision; readonly waiting: Waiting }[];
  text: string;
  bytes: number;
  head: Checkpoint;
}

/** Thousands of lines; two of these are on disk from the start. */
const SEGMENT_BYTES = 8_388_608;
/** Group commit: everybody who waits shares one write to disk, up to this many bytes. */
const GROUP_BYTES_MAX = 1_048_576;
/** More waiting than this, and the disk does not keep up: better refuse than answer minutes late. */
const WAITING_MAX = 10_000;

/**
 * The record of decisions: numbered without gaps, each line hashed over the one before, on disk before the
 * answer is given. SHA-256 over RFC 8785 JSON of {seq, prevHash, decidedAtMs, mode, request, response}.
 * The folder is one process's own (the data directory is locked), else the chain would fork.
 */
export class Ledger {
  readonly #folder: string;
  readonly #segmentBytes: number;
  readonly #segments: LedgerSegments;
  readonly #reader: LedgerReader;
  readonly #waiting: Waiting[] = [];
  #head: Checkpoint;
  #writing: Promise<void> | null = null;

  /** @throws PipelineError data_dir_unwritable */
  constructor(dataDir: string, { segmentBytes = SEGMENT_BYTES }: { segmentBytes?: number } = {}) {
    const folder = ledgerPath(dataDir);
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
    this.#reader = new LedgerReader(folder);
    try {
      mkdirSync(folder, { recursive: true });
      const end = endAfterCopies(findLedgerEnd(folder), readLedgerCursor(folder));
      this.#segments = new LedgerSegments({ folder, segmentBytes, end });
      this.#head = end.head;
    } catch (cause) {
      if (hasCode(cause, 'data_dir_unwritable')) throw cause;
      throw new PipelineError(
        'data_dir_unwritable',
        `The ledger at ${folder} cannot be opened: ${whyOf(cause)}. Check that the folder is writable and on a local disk.`,
        { path: folder },
        cause,
      );
    }
  }

  /**
   * Appends one decision and answers when it is on disk.
   * @throws PipelineError ledger_unwritable: then nothing was recorded, and nothing may be answered
   */
  append(undated: Undated): Promise<Decision> {
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(unwritable(`${WAITING_MAX} already wait for the disk`));
    }
    const answer = new Promise<Decision>((resolve, reject) =>
      this.#waiting.push({ undated, resolve, reject }),
    );
    this.#writing ??= this.#drain();
    return answer;
  }

  async #drain(): Promise<void> {
    await null; // everybody who asks in this very turn shares the first write
    while (this.#waiting.length > 0) await this.#writeGroup(this.#takeGroup());
    this.#writing = null;
  }

  async #writeGroup({ made, text, head }: Group): Promise<void> {
    if (made.length === 0) return;
    try {
      await this.#segments.write(Buffer.from(text));
    } catch (error) {
      const refusal = unwritable(error);
      for (const { waiting } of made) waiting.reject(refusal);
      return;
    }
    this.#head = head; // not before: a group that failed has taken no numbers
    for (const { response, waiting } of made) waiting.resolve(response);
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
    const { decidedAtMs, decisionId, request, body } = waiting.undated;
    const place = { seq: group.head.seq + 1, prevHash: group.head.hash };
    const response: Decision = { ...body, decisionId, ...place, receipt: null };
    try {
      const { hash, text } = lineText({
        ...place,
        decidedAtMs,
        mode: request.mode ?? 'enforce',
        request,
        response,
      });
      const bytes = Buffer.byteLength(text);
      if (bytes > this.#segmentBytes)
        throw new Error(`it takes ${bytes} bytes of at most ${this.#segmentBytes}`);
      const groupBytesMax = Math.min(GROUP_BYTES_MAX, this.#segmentBytes);
      if (group.made.length > 0 && group.bytes + bytes > groupBytesMax) return false;
      group.made.push({ response, waiting });
      group.text += text;
      group.bytes += bytes;
      group.head = { seq: place.seq, hash };
    } catch (cause) {
      // Too long, or something JSON has no word for: it takes no number, and its neighbours must not pay for it.
      waiting.reject(unwritable(cause));
    }
    return true;
  }

  checkpoint(): Checkpoint {
    return this.#head;
  }

  /**
   * Lines after `seq`, oldest first.
   * @throws PipelineError internal when lines were damaged
   */
  readAfter(seq: number, limit: number): DecisionRow[] {
    return this.#reader.readAfter(seq, { limit, end: this.#segments.end, head: this.#head });
  }

  /** Reads for somebody who keeps a pace of his own. */
  follow(): (seq: number, limit: number) => DecisionRow[] {
    const reader = new LedgerReader(this.#folder);
    return (seq, limit) => reader.readAfter(seq, { limit, end: this.#segments.end, head: this.#head });
  }

  /** Up to which line the ledger was copied into the store; survives restarts. */
  readCursor(): number {
    return readLedgerCursor(this.#folder);
  }

  async writeCursor(seq: number): Promise<void> {
    await writeLedgerCursor(this.#folder, seq);
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#segments.close();
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

function unwritable(cause: unknown): PipelineError {
  return new PipelineError(
    'ledger_unwritable',
    `The decision was not recorded, so it is not given: ${whyOf(cause)}. Free or repair the disk of the data directory; until then actors use their own fail modes.`,
    {},
    cause,
  );
}
