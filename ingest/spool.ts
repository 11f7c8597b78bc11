import { statfs } from 'node:fs/promises';
import { PipelineError } from '../core/errors.ts';
import { SIGNALS, type Signal } from '../core/signal.ts';
import { entryCount, fileBytes, pageBytes, pageBytesAtMost } from './database-size.ts';
import { highestSeq } from './highest-seq.ts';
import { openSpoolFiles, type RecordedBatch, type SetAside, type SpoolFiles } from './open-spool-files.ts';
import { readSetAside } from './read-set-aside.ts';
import { decodeSpoolRecord, encodeSpoolRecord, type SpoolRecord, spoolRecordBytes } from './spool-record.ts';
import { SpoolWrites } from './spool-writes.ts';

/*
 * The spool: what was acknowledged and is not in the store yet.
 *
 * Limits     `bytesMax` bounds the pages of all records, those set aside included; `diskFreeBytesMin` stay free, on
 *            the file system or as freed pages of the file, so that boundaries and releases can always be written.
 *            Beyond either, append refuses with a retryable failure; nothing is ever dropped to make room. The
 *            file does not shrink; freed pages are used again, so a spool that has filled the disk and was emptied
 *            takes as much again. One process: main/ holds the lock of the role and the directory.
 * On disk    one LMDB environment, `<dataDir>/spool`, with these databases:
 *              traces, metrics, logs   seq -> record: header and the client's own bytes (spool-record.ts)
 *              batches                 [signal, fromSeq] -> {signal, fromSeq, toSeq, split}
 *              poisoned, poisoned-why  [signal, seq] -> record the store refuses; why and when
 *              meta                    format, id, released:<signal> -> highest seq ever released
 *            A seq is a number that grows by one per append and signal. It is never used twice, also not when
 *            everything was released before a restart: insert tokens are made of seqs, and a token that came
 *            again with other rows would have them dropped as a repetition. Seqs may have gaps (failed writes).
 * Write      append() puts and resolves `durable` after fdatasync; LMDB commits what has gathered meanwhile as
 *            one transaction (group commit), in order of seq.
 * Read       read(seq) sees what is committed and what is still on its way; a failed write is not there.
 * Delete     release() removes a batch's records and its boundary and moves `released` in one transaction.
 * Recovery   open() needs no repair: LMDB shows the last whole transaction. Recorded batches are made again with
 *            the same boundaries, hence the same tokens; the records after them go into new batches.
 */
export class Spool {
  readonly id: string;
  readonly #files: SpoolFiles;
  readonly #options: SpoolOptions;
  readonly #writes: SpoolWrites;
  readonly #nextSeq: Record<Signal, number>;
  readonly #onItsWay: Record<Signal, Map<number, Underway>>;
  readonly #poisonedCounts = new Map<string, PoisonedCount>();
  readonly #watch: NodeJS.Timeout;
  #bytesOnItsWay = 0;
  #storedBytes = 0;
  readonly #measuredTo: Record<Signal, number> = bySignal(() => 0);
  #diskFreeBytes = Number.POSITIVE_INFINITY;
  #fileBytes = 0;
  #isClosing = false;

  /** @throws PipelineError data_dir_unwritable */
  static async open(options: SpoolOptions): Promise<Spool> {
    return new Spool(await openSpoolFiles(options.folder), options);
  }

  private constructor(files: SpoolFiles, options: SpoolOptions) {
    this.id = files.id;
    this.#files = files;
    this.#options = options;
    this.#writes = new SpoolWrites(files, options.folder);
    this.#nextSeq = bySignal((signal) => highestSeq(files, signal) + 1);
    this.#onItsWay = bySignal(() => new Map());
    for (const why of readSetAside(files)) this.#countPoisoned(why);
    this.#measure();
    void this.#measureDisk();
    this.#watch = setInterval(() => void this.#measureDisk(), 1_000).unref();
  }

  /** @throws PipelineError spool_full, disk_full or spool_unwritable, all retryable, when a record may not come in */
  assertRoom(record: SpoolRecord): void {
    if (this.#writes.trouble !== null) throw this.#writes.trouble;
    const { bytesMax, diskFreeBytesMin, folder } = this.#options;
    const bytes = this.#storedBytes + this.#bytesOnItsWay + pageBytesAtMost(spoolRecordBytes(record));
    if (bytes > bytesMax) {
      throw new PipelineError(
        'spool_full',
        `The spool in ${folder} holds ${bytes} of ${bytesMax} bytes, ${this.poisonedCount} requests of it set aside: the store takes less than comes in. Look at the store first, or raise PLUMBLINE_SPOOL_BYTES_MAX; send again later.`,
        { folder, bytes, bytesMax },
      );
    }
    // What has come in since the disk was measured counts as well: a second is long for a fast sender.
    const freeBytes = this.#diskFreeBytes + this.#fileBytes - bytes;
    if (freeBytes < diskFreeBytesMin) {
      throw new PipelineError(
        'disk_full',
        `The disk of ${folder} has ${freeBytes} bytes left, the spool keeps ${diskFreeBytesMin} free. Free some space; send again later.`,
        { folder, freeBytes },
      );
    }
  }

  /**
   * Gives the record its seq at once; `durable` resolves when it is on disk, rejects (retryable) when it is not.
   * @param onLost called in the very moment a write is known to have failed, before anything that waits for it
   *   goes on: who has the record's rows in memory must not let them out
   */
  append(signal: Signal, record: SpoolRecord, onLost: (seq: number) => void = () => {}): Appended {
    const seq = this.#nextSeq[signal]++;
    const encoded = encodeSpoolRecord(record);
    const bytes = pageBytesAtMost(encoded.length);
    this.#bytesOnItsWay += bytes;
    const done = () => {
      this.#bytesOnItsWay -= bytes;
      this.#onItsWay[signal].delete(seq);
    };
    const written = this.#writes.append(this.#files.records[signal], seq, encoded);
    const durable = written.then(
      () => {
        done();
        if (seq > this.#measuredTo[signal]) this.#storedBytes += bytes;
      },
      (error: unknown) => {
        done();
        onLost(seq);
        throw error;
      },
    );
    this.#onItsWay[signal].set(seq, { record, settled: durable.catch(() => undefined) });
    return { seq, durable };
  }

  /** The seq of the newest append of a signal, whether or not it is durable yet. */
  lastSeq(signal: Signal): number {
    return this.#nextSeq[signal] - 1;
  }

  /** The oldest seq that is held, at or after `fromSeq`; the next one when none is. */
  firstSeq(signal: Signal, fromSeq = 0): number {
    for (const seq of this.#files.records[signal].getKeys({ start: fromSeq, limit: 1 })) return seq;
    return this.#nextSeq[signal];
  }

  /** Undefined when the write failed or the record was released. */
  read(signal: Signal, seq: number): SpoolRecord | undefined {
    const underway = this.#onItsWay[signal].get(seq);
    if (underway !== undefined) return underway.record;
    const bytes = this.#files.records[signal].getBinary(seq);
    return bytes === undefined ? undefined : decodeSpoolRecord(bytes);
  }

  /** False when the write failed or the record was released; one that is on its way is held. */
  holds(signal: Signal, seq: number): boolean {
    return this.#onItsWay[signal].has(seq) || this.#files.records[signal].doesExist(seq);
  }

  /** Resolves when every append up to `toSeq` is durable or has failed. */
  async settled(signal: Signal, toSeq: number): Promise<void> {
    const waiting: Promise<void>[] = [];
    for (const [seq, underway] of this.#onItsWay[signal]) {
      if (seq > toSeq) break; // in order of seq
      waiting.push(underway.settled);
    }
    await Promise.all(waiting);
  }

  /** Durable when resolved: from here on, a restart makes this batch again with exactly these boundaries. */
  recordBatch(batch: RecordedBatch): Promise<void> {
    return this.#writes.commit(() => {
      void this.#files.batches.put([batch.signal, batch.fromSeq], batch);
    });
  }

  /** What a restart has to make again, oldest first. */
  recordedBatches(signal: Signal): RecordedBatch[] {
    const range = this.#files.batches.getRange({
      start: [signal, 0],
      end: [signal, Number.MAX_SAFE_INTEGER],
    });
    return [...range].map(({ value }) => value);
  }

  /** Forgets a batch that is stored. */
  async release({ signal, fromSeq, toSeq }: RecordedBatch): Promise<void> {
    const { records, batches, meta } = this.#files;
    const seqs = [...records[signal].getKeys({ start: fromSeq, end: toSeq + 1 })];
    await this.#writes.commit(() => {
      for (const seq of seqs) void records[signal].remove(seq);
      void batches.remove([signal, fromSeq]);
      // One that was put back is older than what was released since.
      void meta.put(`released:${signal}`, Math.max(toSeq, Number(meta.get(`released:${signal}`) ?? 0)));
    });
    this.#measure();
  }

  /** Moves one request out of the way, for a person to look at: never dropped, never blocking. */
  async setAside(why: SetAside): Promise<void> {
    const { records, poisoned, poisonedWhy } = this.#files;
    const bytes = records[why.signal].getBinary(why.seq);
    if (bytes === undefined) return;
    await this.#writes.commit(() => {
      void poisoned.put([why.signal, why.seq], bytes);
      void poisonedWhy.put([why.signal, why.seq], why);
      void records[why.signal].remove(why.seq);
    });
    this.#countPoisoned(why);
    this.#measure();
  }

  poisoned(): SetAside[] {
    return readSetAside(this.#files);
  }

  /** How many requests were set aside, by signal and reason. */
  poisonedByReason(): PoisonedCount[] {
    return [...this.#poisonedCounts.values()];
  }

  get poisonedCount(): number {
    return entryCount(this.#files.poisoned);
  }

  recordCount(signal: Signal): number {
    return entryCount(this.#files.records[signal]);
  }

  /** Bytes of the pages of all records: measured once a second and after releases, estimated in between. */
  get bytes(): number {
    return this.#storedBytes + this.#bytesOnItsWay;
  }

  /** Waits for what is on its way; the records stay for the next start. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#watch);
    await Promise.all(SIGNALS.map((signal) => this.settled(signal, Number.POSITIVE_INFINITY)));
    await this.#writes.close();
    await this.#files.root.close();
  }

  #countPoisoned({ signal, reason }: SetAside): void {
    const key = `${signal} ${reason}`;
    const requestCount = (this.#poisonedCounts.get(key)?.requestCount ?? 0) + 1;
    this.#poisonedCounts.set(key, { signal, reason, requestCount });
  }

  #measure(): void {
    const { records, poisoned } = this.#files;
    this.#storedBytes = pageBytes(poisoned);
    for (const signal of SIGNALS) {
      this.#storedBytes += pageBytes(records[signal]);
      // Some of these are written and nobody was told yet: they must not be added a second time.
      for (const seq of records[signal].getKeys({ reverse: true, limit: 1 })) this.#measuredTo[signal] = seq;
    }
  }

  async #measureDisk(): Promise<void> {
    try {
      const disk = await statfs(this.#options.folder);
      this.#diskFreeBytes = disk.bavail * disk.bsize;
    } catch {
      this.#diskFreeBytes = Number.POSITIVE_INFINITY; // not every file system tells; the write itself will
    }
    if (this.#isClosing) return;
    this.#fileBytes = fileBytes(this.#files.root);
    this.#measure();
  }
}

export interface SpoolOptions {
  readonly folder: string;
  readonly bytesMax: number;
  readonly diskFreeBytesMin: number;
}

export interface PoisonedCount {
  readonly signal: Signal;
  readonly reason: string;
  readonly requestCount: number;
}

export interface Appended {
  readonly seq: number;
  readonly durable: Promise<void>;
}

interface Underway {
  readonly record: SpoolRecord;
  /** Resolves either way. */
  readonly settled: Promise<void>;
}

function bySignal<T>(make: (signal: Signal) => T): Record<Signal, T> {
  return { traces: make('traces'), metrics: make('metrics'), logs: make('logs') };
}
