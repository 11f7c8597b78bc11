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
      // overlappingSync off: a commit is reported after its flush to disk, and a failed flush as a failure.
      // eventTurnBatching off: its hidden promise rejects unhandled when a commit fails, and ends the process.
      this.#root = open<string, string>({
        path,
        noSubdir: false,
        encoding: 'string',
        overlappingSync: false,
        eventTurnBatching: false,
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
    const made = this.#makeLines(group);
    const last = made.at(-1);
    if (last === undefined) return;
    try {
      // A batch, not a transaction with a callback: lmdb was seen to abort the process when one failed to commit.
      await this.#root.batch(() => {
        for (const { line, stored } of made) void this.#lines.put(line.seq, stored);
        void this.#meta.put('head', `${last.hash}${last.line.seq}`);
      });
      for (const { line, resolve } of made) resolve(line.response);
    } catch (error) {
      const refusal = unwritable(await causeOf(error));
      for (const { reject } of made) reject(refusal);
    }
  }

  /**
   * Numbers and chains a group, from what is on disk: a group that failed has taken no numbers. The folder is
   * one process's own (the data directory is locked), else the chain would fork here.
   */
  #makeLines(group: readonly Waiting[]) {
    let head = this.checkpoint();
    return group.flatMap(({ undated, resolve, reject }) => {
      const { decidedAtMs, decisionId, request, body } = undated;
      const place = { seq: head.seq + 1, prevHash: head.hash };
      const response: Decision = { ...body, decisionId, ...place, receipt: null };
      const line = { ...place, decidedAtMs, mode: request.mode ?? 'enforce', request, response };
      try {
        const { hash, stored } = lineText(line);
        head = { seq: place.seq, hash };
        return [{ line, hash, stored, resolve, reject }];
      } catch (cause) {
        // Something JSON has no word for: it takes no number, and its neighbours must not pay for it.
        reject(unwritable(cause));
        return [];
      }
    });
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

  /** @throws PipelineError ledger_unwritable */
  async writeCursor(name: string, seq: number): Promise<void> {
    try {
      await this.#meta.put(`cursor:${name}`, String(seq));
    } catch (error) {
      throw unwritable(await causeOf(error));
    }
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#root.close();
  }
}

/** lmdb rejects with "see commitError", a promise that rejects with the error itself, and must be handled. */
async function causeOf(error: unknown): Promise<unknown> {
  try {
    await (error as { commitError?: Promise<never> }).commitError;
  } catch (cause) {
    return cause;
  }
  return error;
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
