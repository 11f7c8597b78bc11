import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { Decision, DecisionRequest } from '../core/decision.ts';
import { PipelineError } from '../core/errors.ts';
import type { DecisionRow } from '../store/decisions.ts';
import { canonicalJson } from './canonical-json.ts';
import type { DecisionBody } from './decide.ts';

/** What is decided, before the ledger gives it its number and its place in the chain. */
export interface Undated {
  readonly decidedAtMs: number;
  readonly decisionId: string;
  readonly request: DecisionRequest;
  readonly body: DecisionBody;
}

/** The newest line; whoever keeps a copy of it elsewhere can prove later that nothing before it was changed. */
export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
}

/** What line 1 follows. */
export const GENESIS: Checkpoint = { seq: 0, hash: '0'.repeat(64) };

/** The content of a line as it is hashed: canonical JSON of exactly these fields. */
interface HashedLine {
  readonly seq: number;
  readonly prevHash: string;
  readonly decidedAtMs: number;
  readonly mode: 'enforce' | 'shadow';
  readonly request: DecisionRequest;
  readonly response: Decision;
}

interface Waiting {
  readonly undated: Undated;
  readonly resolve: (decision: Decision) => void;
  readonly reject: (error: PipelineError) => void;
}

export const HASH_LENGTH = 64;
/** Group commit: everybody who waits shares one flush to disk, up to this many. */
const GROUP_MAX = 1_000;
/** More waiting than this, and the disk does not keep up: better refuse than answer minutes late. */
const WAITING_MAX = 10_000;

export function ledgerPath(dataDir: string): string {
  return join(dataDir, 'ledger');
}

export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Hash and content, as stored: the hash is over the very bytes that follow it. */
function lineText(line: HashedLine): { hash: string; stored: string } {
  const content = canonicalJson(line);
  const hash = hashText(content);
  return { hash, stored: hash + content };
}

export function parseLine(stored: string): DecisionRow {
  const { decidedAtMs, mode, request, response } = JSON.parse(stored.slice(HASH_LENGTH)) as HashedLine;
  return { decidedAtMs, mode, request, response, hash: stored.slice(0, HASH_LENGTH) };
}

/**
 * The record of decisions: numbered without gaps, each line hashed over the one before, on disk before the
 * answer is given. SHA-256 over RFC 8785 JSON of {seq, prevHash, decidedAtMs, mode, request, response}.
 */
export class Ledger {
  readonly #root: RootDatabase<string, string>;
  readonly #lines: Database<string, number>;
  readonly #meta: Database<string, string>;
  readonly #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;

  /** @throws PipelineError data_dir_unwritable */
  constructor(dataDir: string) {
    const path = ledgerPath(dataDir);
    try {
      // Without overlappingSync a commit is reported after its flush to disk, and a failed flush as a failure.
      this.#root = open<string, string>({
        path,
        noSubdir: false,
        encoding: 'string',
        overlappingSync: false,
      });
      this.#lines = this.#root.openDB<string, number>('lines', { encoding: 'string', keyEncoding: 'uint32' });
      this.#meta = this.#root.openDB<string, string>('meta', { encoding: 'string' });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new PipelineError(
        'data_dir_unwritable',
        `The ledger at ${path} cannot be opened: ${why}. Check that the folder is writable and on a local disk.`,
        { path },
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
    await null; // everybody who asks in this very turn shares the first flush
    while (this.#waiting.length > 0) await this.#writeGroup(this.#waiting.splice(0, GROUP_MAX));
    this.#writing = null;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const written = await this.#lines.transaction(() => this.#writeLines(group));
      for (const answer of written) answer();
    } catch (cause) {
      for (const { reject } of group) reject(unwritable(cause));
    }
  }

  /**
   * Inside the write transaction, so that the chain cannot fork even when two processes share the folder.
   * @returns what to tell each who waits, once the transaction is on disk
   */
  #writeLines(group: readonly Waiting[]): (() => void)[] {
    let head = this.checkpoint();
    const answers = group.map(({ undated, resolve, reject }) => {
      const { decidedAtMs, decisionId, request, body } = undated;
      const seq = head.seq + 1;
      const response: Decision = { ...body, decisionId, seq, prevHash: head.hash, receipt: null };
      const mode = request.mode ?? 'enforce';
      try {
        const line = lineText({ seq, prevHash: head.hash, decidedAtMs, mode, request, response });
        void this.#lines.put(seq, line.stored); // inside the transaction: done when it is
        head = { seq, hash: line.hash };
        return () => resolve(response);
      } catch (cause) {
        // Something JSON has no word for: it takes no number, and its neighbours must not pay for it.
        return () => reject(unwritable(cause));
      }
    });
    void this.#meta.put('head', `${head.hash}${head.seq}`);
    return answers;
  }

  checkpoint(): Checkpoint {
    const head = this.#meta.get('head');
    if (head === undefined) return GENESIS;
    return { hash: head.slice(0, HASH_LENGTH), seq: Number(head.slice(HASH_LENGTH)) };
  }

  /** Lines after `seq`, oldest first. */
  readAfter(seq: number, limit: number): DecisionRow[] {
    return [...this.#lines.getRange({ start: seq + 1, limit })].map(({ value }) => parseLine(value));
  }

  /** Up to which line a reader (the forwarder) has come; survives restarts. */
  readCursor(name: string): number {
    return Number(this.#meta.get(`cursor:${name}`) ?? 0);
  }

  async writeCursor(name: string, seq: number): Promise<void> {
    await this.#meta.put(`cursor:${name}`, String(seq));
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#root.close();
  }
}

function unwritable(cause: unknown): PipelineError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new PipelineError(
    'ledger_unwritable',
    `The decision was not recorded, so it is not given: ${why}. Free or repair the disk of the data directory; until then actors use their own fail modes.`,
    {},
    cause,
  );
}
