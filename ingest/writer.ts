import { setImmediate as nextTurn } from 'node:timers/promises';
import { hasCode } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { ChunksGone, type NativeInsert } from '../core/native-insert.ts';
import type { Signal } from '../core/signal.ts';
import { arrivalMs } from './arrival-ms.ts';
import { BackOff } from './back-off.ts';
import { type ChunkFolder, removeChunks } from './chunk-folder.ts';
import { decodeBody } from './decode-body.ts';
import type { Inflater } from './inflate.ts';
import type { IngestMetrics } from './ingest-metrics.ts';
import type { Lane } from './lane.ts';
import type { SealedBatch } from './open-batch.ts';
import type { RecordedBatch } from './open-spool-files.ts';
import { setAsideRefused, setAsideUnreadable } from './set-aside.ts';
import type { Spool } from './spool.ts';
import { SignalBatch } from './transcode/signal-batch.ts';

const TELL_AGAIN_MS = 60_000;

export interface WriterParts {
  readonly signal: Signal;
  readonly lane: Lane;
  readonly spool: Spool;
  readonly chunks: ChunkFolder;
  readonly inflater: Inflater;
  readonly metrics: IngestMetrics;
  readonly log: Log;
  /** The wall clock, for what outlives the process; how long something took is told by one that never steps. */
  readonly now: () => number;
  readonly random: () => number;
  /** Inserts once per token. @throws PipelineError store_unavailable, store_refused */
  readonly insert: (insert: NativeInsert, token: string) => Promise<void>;
  readonly onStored?: (() => void) | undefined;
}

/**
 * Takes one signal's batches to the store, one at a time: fix the boundaries on disk, insert table by table under
 * the token made of them, release. While the store is down it waits and tries again, for ever; nothing is dropped.
 */
export class Writer {
  readonly #parts: WriterParts;
  readonly #stopping = new AbortController();
  #downSinceMs: number | null = null;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #finishing = false;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /** Resolves when the lane is closed and empty, or when stopped; what is not stored then stays in the spool. */
  async run(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    }
  }

  /** Gives up waiting for the store. */
  stop(): void {
    this.#stopping.abort();
  }

  /** From now on a store that fails is not waited for: nobody knows for how long, and the spool has it all. */
  finish(): void {
    this.#finishing = true;
    if (this.#downSinceMs !== null) this.stop();
  }

  async #run(): Promise<void> {
    const { spool, signal, lane } = this.#parts;
    for (const batch of spool.recordedBatches(signal)) await this.#storeAgain(batch);
    let storing = Promise.resolve();
    while (await this.#due()) {
      await storing;
      const sealed = lane.next();
      if (sealed === null) continue;
      storing = this.#store(sealed);
      storing.catch(() => undefined); // told when it is awaited
    }
    await storing;
  }

  /** Reading the spool fails only with the disk: that is waited for as well. */
  async #due(): Promise<boolean> {
    const backOff = new BackOff({ random: this.#parts.random, signal: this.#stopping.signal });
    for (;;) {
      try {
        return await this.#parts.lane.due();
      } catch (error) {
        const { log, signal } = this.#parts;
        log.warn(
          { signal, error: (error as Error).message },
          'The spool cannot be read or written; trying again.',
        );
        await backOff.wait();
      }
    }
  }

  async #store(sealed: SealedBatch): Promise<void> {
    const { lane, spool, signal } = this.#parts;
    const startedAtMs = performance.now();
    if (!(await lane.isDurable(sealed))) return;
    const { fromSeq, toSeq } = sealed;
    const batch: RecordedBatch = { signal, fromSeq, toSeq, split: null };
    await this.#until('record the boundaries of a batch', () => spool.recordBatch(batch));
    await this.#insertAll(batch, sealed.inserts);
    await this.#finish(batch, sealed.oldestArrivalMs);
    lane.stored(sealed, performance.now() - startedAtMs);
  }

  /** After a restart: the same boundaries, hence the same rows under the same token. */
  async #storeAgain(batch: RecordedBatch): Promise<void> {
    if (batch.split !== null) return this.#storeOneByOne(batch);
    const { spool, signal, inflater } = this.#parts;
    const rows = this.#newRows();
    let oldestArrivalMs = Number.POSITIVE_INFINITY;
    for (let seq = batch.fromSeq; seq <= batch.toSeq; seq++) {
      try {
        const record = spool.read(signal, seq);
        if (record === undefined) continue;
        rows.append((await decodeBody(signal, record, inflater)).body, record);
        await nextTurn(); // requests are answered meanwhile
        oldestArrivalMs = Math.min(oldestArrivalMs, arrivalMs(record, this.#parts.now));
      } catch (error) {
        await this.#setAsideUnreadable(seq, error);
      }
    }
    await this.#insertAll(batch, rows.seal());
    await this.#finish(batch, oldestArrivalMs);
  }

  async #finish(batch: RecordedBatch, oldestArrivalMs: number): Promise<void> {
    const { spool, metrics, signal, onStored } = this.#parts;
    onStored?.();
    if (oldestArrivalMs < Number.POSITIVE_INFINITY)
      metrics.stored(signal, performance.now() - oldestArrivalMs);
    await this.#until('release a stored batch', () => spool.release(batch));
  }

  async #insertAll(batch: RecordedBatch, inserts: readonly NativeInsert[]): Promise<void> {
    const storedTables: string[] = [];
    for (const insert of inserts) {
      try {
        await this.#insert(insert, this.#token(batch.fromSeq, batch.toSeq));
        storedTables.push(insert.table);
      } catch (error) {
        if (error instanceof ChunksGone) return this.#storeAgain(batch);
        if (!hasCode(error, 'store_refused')) throw error;
        await removeChunks(inserts);
        return this.#storeOneByOne({ ...batch, split: { storedTables } });
      }
    }
    await removeChunks(inserts);
  }

  /**
   * The store refuses the batch: request by request, so that only the one at fault is set aside. Tables that took
   * the batch as a whole are left out, and that stands on disk first, so a restart leaves them out as well.
   * This counts on a refusal depending on the rows alone: a store that took a batch, lost its answer, and then
   * refuses the same rows (somebody changed the table meanwhile) gets them twice.
   */
  async #storeOneByOne(batch: RecordedBatch): Promise<void> {
    const { spool } = this.#parts;
    await this.#until('record that a batch is split', () => spool.recordBatch(batch));
    for (let seq = batch.fromSeq; seq <= batch.toSeq; seq++) {
      try {
        await this.#storeOne(seq, batch.split?.storedTables ?? []);
      } catch (error) {
        if (this.#stopping.signal.aborted) throw error;
        await this.#setAsideUnreadable(seq, error);
      }
    }
    await this.#until('release a split batch', () => spool.release(batch));
  }

  async #storeOne(seq: number, tablesBefore: readonly string[]): Promise<void> {
    const { spool, signal, inflater } = this.#parts;
    const record = spool.read(signal, seq);
    if (record === undefined) return;
    const rows = this.#newRows();
    rows.append((await decodeBody(signal, record, inflater)).body, record);
    const inserts = rows.seal();
    try {
      await this.#storeTables(seq, inserts, tablesBefore);
    } finally {
      await removeChunks(inserts);
    }
  }

  async #storeTables(
    seq: number,
    inserts: readonly NativeInsert[],
    tablesBefore: readonly string[],
  ): Promise<void> {
    const storedTables = [...tablesBefore];
    for (const insert of inserts) {
      if (storedTables.includes(insert.table)) continue;
      try {
        await this.#insert(insert, this.#token(seq, seq));
        storedTables.push(insert.table);
      } catch (error) {
        if (!hasCode(error, 'store_refused')) throw error;
        const aside = () => setAsideRefused(this.#parts, { seq, storedTables }, error);
        return this.#until('set a request aside', aside);
      }
    }
  }

  #newRows(): SignalBatch {
    const { signal, chunks } = this.#parts;
    return new SignalBatch(signal, { sinkOf: (table) => chunks.sink(table) });
  }

  /** One of a batch that may be in the store as a whole. */
  #setAsideUnreadable(seq: number, error: unknown): Promise<void> {
    const aside = () => setAsideUnreadable(this.#parts, { seq, storedTables: null }, error);
    return this.#until('set a request aside', aside);
  }

  /** Tries until it is stored. @throws PipelineError store_refused, AbortError when stopped */
  async #insert(insert: NativeInsert, token: string): Promise<void> {
    const { metrics } = this.#parts;
    await this.#until(`insert into ${insert.table}`, async () => {
      const startedAtMs = performance.now();
      try {
        await untilAborted(this.#parts.insert(insert, token), this.#stopping.signal);
      } catch (error) {
        metrics.insertFailed(insert.table, String((error as { code?: unknown }).code ?? 'unknown'));
        throw error;
      }
      metrics.inserted(insert.table, performance.now() - startedAtMs, insert.rowCount);
    });
  }

  async #until(doing: string, action: () => Promise<void>): Promise<void> {
    const backOff = new BackOff({ random: this.#parts.random, signal: this.#stopping.signal });
    for (;;) {
      this.#stopping.signal.throwIfAborted();
      try {
        await action();
        if (this.#downSinceMs !== null) this.#tellUp();
        return;
      } catch (error) {
        if (hasCode(error, 'store_refused') || error instanceof ChunksGone) throw error;
        this.#tellDown(doing, error as Error);
        if (this.#finishing) this.stop();
        await backOff.wait();
      }
    }
  }

  #tellDown(doing: string, error: Error): void {
    const { log, lane, signal, spool } = this.#parts;
    const nowMs = performance.now();
    this.#downSinceMs ??= nowMs;
    lane.storeDown = true;
    if (nowMs - this.#toldAtMs < TELL_AGAIN_MS) return;
    this.#toldAtMs = nowMs;
    log.warn(
      { signal, doing, spoolBytes: spool.bytes, downMs: nowMs - this.#downSinceMs, error: error.message },
      'Rows wait in the spool, the writer tries again: nothing is lost as long as the spool has room.',
    );
  }

  #tellUp(): void {
    const { log, lane, signal } = this.#parts;
    const downMs = performance.now() - (this.#downSinceMs ?? 0);
    log.info({ signal, downMs }, 'The writer writes again.');
    this.#downSinceMs = null;
    this.#toldAtMs = Number.NEGATIVE_INFINITY;
    lane.storeDown = false;
  }

  #token(fromSeq: number, toSeq: number): string {
    return `${this.#parts.spool.id}-${this.#parts.signal}-${fromSeq}-${toSeq}`;
  }
}

/** The promise, or its end by the signal: a store that neither answers nor fails must not hold up a shutdown. */
function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
