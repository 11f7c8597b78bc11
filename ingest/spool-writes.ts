import { statfs } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from 'lmdb';
import { PipelineError } from '../core/errors.ts';
import type { SpoolFiles } from './open-spool-files.ts';

const PROBE_MS = 1_000;
const NEARLY_FULL_BYTES = 16 * 1_048_576;

/**
 * Writes into the spool's files, with one answer to a write that fails: refuse at once what comes (a full disk
 * is not hit again for every request) and probe once a second with a tiny write until one succeeds. The probe
 * also helps: LMDB uses the pages that a release freed only after one more transaction has committed.
 */
export class SpoolWrites {
  /** Why nothing can be written at present; null when nothing is wrong. */
  trouble: PipelineError | null = null;
  readonly #files: SpoolFiles;
  readonly #folder: string;
  readonly #closing = new AbortController();
  #explaining: Promise<PipelineError> | null = null;
  #probing: Promise<void> = Promise.resolve();

  constructor(files: SpoolFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** Resolves when on disk. @throws PipelineError disk_full or spool_unwritable */
  async append(database: Database<Buffer, number>, seq: number, bytes: Buffer): Promise<void> {
    try {
      await database.put(seq, bytes);
    } catch (error) {
      throw await this.#failed(error);
    }
  }

  /** All writes of `action` or none. @throws PipelineError disk_full or spool_unwritable */
  async commit(action: () => void): Promise<void> {
    try {
      await this.#files.root.batch(action);
    } catch (error) {
      throw await this.#failed(error);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#probing;
  }

  async #failed(error: unknown): Promise<PipelineError> {
    const cause = await causeOf(error);
    this.#explaining ??= this.#explain(cause); // once for all that failed together
    const trouble = await this.#explaining;
    if (this.trouble === null) {
      this.trouble = trouble;
      this.#probing = this.#probe();
    }
    return trouble;
  }

  async #probe(): Promise<void> {
    for (let probe = 1; this.trouble !== null; probe++) {
      try {
        await sleep(PROBE_MS, undefined, { signal: this.#closing.signal, ref: false });
      } catch {
        return; // closing
      }
      try {
        await this.#files.meta.put('probe', probe);
        this.trouble = null;
        this.#explaining = null;
      } catch (error) {
        await causeOf(error);
      }
    }
  }

  async #explain(cause: Error): Promise<PipelineError> {
    const facts = { folder: this.#folder, cause: cause.message };
    // LMDB reports a short write as an I/O error: how much is free tells a full disk from a broken one.
    if (await isNearlyFull(this.#folder)) {
      const text = `The disk of ${this.#folder} is full (${cause.message}). Free some space; send again later.`;
      return new PipelineError('disk_full', text, facts, cause);
    }
    const text = `The spool in ${this.#folder} cannot be written: ${cause.message}. Look at the disk, its quota and its permissions; send again later.`;
    return new PipelineError('spool_unwritable', text, facts, cause);
  }
}

/** lmdb rejects with "see commitError", a promise that rejects with the error itself, and must be handled. */
async function causeOf(error: unknown): Promise<Error> {
  try {
    await (error as { commitError?: Promise<never> }).commitError;
  } catch (cause) {
    return cause as Error;
  }
  return error as Error;
}

async function isNearlyFull(folder: string): Promise<boolean> {
  try {
    const disk = await statfs(folder);
    return disk.bavail * disk.bsize < NEARLY_FULL_BYTES;
  } catch {
    return false;
  }
}
