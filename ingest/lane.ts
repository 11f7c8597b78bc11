import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../core/log.ts';
import type { Signal } from '../core/signal.ts';
import { arrivalMs } from './arrival-ms.ts';
import { type ChunkFolder, removeChunks } from './chunk-folder.ts';
import { decodeBody } from './decode-body.ts';
import type { Inflater } from './inflate.ts';
import type { IngestMetrics } from './ingest-metrics.ts';
import { type BatchLimits, OpenBatch, type SealedBatch } from './open-batch.ts';
import { Pace } from './pace.ts';
import { setAsideUnreadable } from './set-aside.ts';
import type { Spool } from './spool.ts';
import type { SpoolRecord } from './spool-record.ts';
import type { Judged } from './transcode/judgement.ts';
import { SignalBatch } from './transcode/signal-batch.ts';

const SCRATCH_ROWS_MAX = 8_000;
/** Batches that are being stored, sealed or open at a time: what waits lies on disk, so it could be more. */
const BATCHES_MAX = 4;

export interface LaneParts {
  readonly signal: Signal;
  readonly spool: Spool;
  readonly chunks: ChunkFolder;
  readonly inflater: Inflater;
  readonly metrics: IngestMetrics;
  readonly log: Log;
  readonly now: () => number;
  readonly limits: BatchLimits & { readonly holdMsMax: number };
}

/**
 * One signal's way from accepted requests to batches, in the order of the spool's seqs.
 *
 * A lane is *attached* while its open batch reaches up to the newest seq: a request's rows then go straight into
 * that batch. A full batch is sealed and waits for the writer; while batches wait, requests come in at the pace of
 * the store. When too many wait, or a spool write failed and took rows with it, the lane is *detached*: requests are
 * only judged and spooled, and the open batch is filled from the spool until it has caught up.
 */
export class Lane {
  readonly #parts: LaneParts;
  #open: OpenBatch;
  #attached = false;
  #scratch: SignalBatch;
  /** Handed out or waiting, oldest first, until stored. */
  readonly #sealed: SealedBatch[] = [];
  /** The newest of them, not handed out yet. */
  #waiting = 0;
  readonly #pace: Pace;
  #storeDown = false;
  #closed = false;
  #changed = Promise.withResolvers<void>();

  /** @param fromSeq the first request that no recorded batch holds */
  constructor(parts: LaneParts, fromSeq: number) {
    this.#parts = parts;
    this.#open = this.#newBatch(fromSeq, this.#newRows());
    this.#scratch = new SignalBatch(parts.signal);
    this.#pace = new Pace({ now: () => performance.now(), holdMsMax: parts.limits.holdMsMax });
    this.#attached = fromSeq > parts.spool.lastSeq(parts.signal);
  }

  /** Resolves when a request may come in; to be waited for before its body is inflated. @param bodyBytes as sent */
  async turn(bodyBytes: number): Promise<void> {
    if (this.#attached && !this.#storeDown) await this.#pace.turn(bodyBytes, this.#fill);
  }

  /**
   * Judges a request, spools it, and resolves when it is durable.
   * @throws PipelineError otlp_malformed, or a retryable one when the spool takes nothing
   */
  async admit(record: SpoolRecord, body: Uint8Array): Promise<Judged> {
    const { spool, signal } = this.#parts;
    if (this.#attached && this.#open.isFull) await this.#roomOrDetach();
    spool.assertRoom(record);
    const judged = (this.#attached ? this.#open.rows : this.#scratchRows()).append(body, record);
    const { seq, durable } = spool.append(signal, record, (lost) => this.#lost(lost));
    if (this.#attached) this.#took(seq, record, performance.now());
    if (this.#open.isDue) this.#change();
    await durable;
    return judged;
  }

  /** Resolves when a batch is due; before that, catches up with the spool if need be. False: closed and empty. */
  async due(): Promise<boolean> {
    for (;;) {
      if (!this.#attached && !this.#closed) await this.#catchUp();
      if (this.#waiting > 0 || this.#open.isDue || (this.#closed && this.#open.hasRecords)) return true;
      if (this.#closed) return false;
      if (this.#attached) await this.#changed.promise;
    }
  }

  /** Hands out the oldest batch that waits, or the open one; null when a lost write has emptied it meanwhile. */
  next(): SealedBatch | null {
    if (this.#waiting === 0 && this.#open.hasRecords) this.#seal();
    if (this.#waiting === 0) return null;
    const batch = this.#sealed.at(-this.#waiting) as SealedBatch;
    this.#waiting--;
    return batch;
  }

  /** A batch that was handed out is in the store. */
  stored(batch: SealedBatch, tookMs: number): void {
    this.#pace.stored(batch.bodyBytes, tookMs);
    this.#forget((sealed) => sealed === batch);
    if (this.#open.isFull) this.#seal();
    this.#change();
  }

  /** Resolves when all of a sealed batch is durable; false: some is not, the lane makes its rows again. */
  async isDurable(sealed: SealedBatch): Promise<boolean> {
    const { spool, signal, metrics } = this.#parts;
    await spool.settled(signal, sealed.toSeq);
    if (!sealed.isBroken) return true;
    metrics.rebuilt(signal);
    const gone = this.#forget(({ fromSeq }) => fromSeq >= sealed.fromSeq);
    this.#waiting = 0;
    this.#restart(sealed.fromSeq);
    await Promise.all(gone.map(({ inserts }) => removeChunks(inserts)));
    return false;
  }

  /** While the store is down nobody waits for room in memory: the spool takes all. */
  set storeDown(storeDown: boolean) {
    this.#storeDown = storeDown;
    if (storeDown) this.#change();
  }

  /** No more requests come; what is open becomes due at once, what is only in the spool stays there. */
  close(): void {
    this.#closed = true;
    this.#open.close();
    this.#change();
  }

  /** Age of the oldest request in the open batch; 0 when there is none. */
  get openAgeMs(): number {
    return this.#open.hasRecords ? performance.now() - this.#open.oldestArrivalMs : 0;
  }

  #newRows(): SignalBatch {
    const { signal, chunks } = this.#parts;
    return new SignalBatch(signal, { sinkOf: (table) => chunks.sink(table) });
  }

  #newBatch(fromSeq: number, rows: SignalBatch): OpenBatch {
    const { limits } = this.#parts;
    return new OpenBatch({ rows, fromSeq, limits, onAged: () => this.#change() });
  }

  #took(seq: number, record: SpoolRecord, arrivedAtMs: number): void {
    this.#open.took(seq, record, arrivedAtMs);
    if (this.#open.isFull && this.#sealed.length < BATCHES_MAX - 1) this.#seal();
  }

  #seal(): void {
    const sealed = this.#open.seal();
    this.#sealed.push(sealed);
    this.#waiting++;
    // Sealing has emptied the rows, and their columns are as large as those of the next batch will be: to let them
    // grow anew, with the garbage that makes, costs a sixth of the walk.
    this.#open = this.#newBatch(sealed.toSeq + 1, this.#open.rows);
    this.#change();
  }

  /** Takes batches out of those sealed, and gives them. */
  #forget(which: (sealed: SealedBatch) => boolean): SealedBatch[] {
    const gone = this.#sealed.filter(which);
    for (const batch of gone) this.#sealed.splice(this.#sealed.indexOf(batch), 1);
    return gone;
  }

  /** How much of what may wait does, 0 to 1. */
  get #fill(): number {
    const rows = this.#sealed.reduce((sum, { rowCount }) => sum + rowCount, this.#open.rows.rowCount);
    return rows / (BATCHES_MAX * this.#parts.limits.batchRowsMax);
  }

  #scratchRows(): SignalBatch {
    if (this.#scratch.rowCount >= SCRATCH_ROWS_MAX) this.#scratch = new SignalBatch(this.#parts.signal);
    return this.#scratch;
  }

  /** Slow senders down a little before judging twice what they send; the store is only slow, not down. */
  async #roomOrDetach(): Promise<void> {
    const tooLong = AbortSignal.timeout(this.#parts.limits.holdMsMax);
    const timedOut = new Promise<void>((resolve) => tooLong.addEventListener('abort', () => resolve()));
    while (this.#attached && this.#open.isFull) {
      if (this.#storeDown || this.#closed || tooLong.aborted) this.#attached = false;
      else await Promise.race([this.#changed.promise, timedOut]);
    }
  }

  async #catchUp(): Promise<void> {
    const { spool, signal } = this.#parts;
    const open = this.#open;
    while (this.#open === open && !open.isDue && !this.#closed) {
      const seq = open.toSeq + 1;
      if (seq > spool.lastSeq(signal)) {
        this.#attached = true;
        return;
      }
      await this.#replay(open, seq);
      await nextTurn();
    }
  }

  async #replay(open: OpenBatch, seq: number): Promise<void> {
    const { spool, signal, inflater } = this.#parts;
    try {
      const record = spool.read(signal, seq);
      if (record === undefined) return open.skipped(seq);
      const { body } = await decodeBody(signal, record, inflater);
      if (this.#open !== open) return; // restarted meanwhile
      if (!spool.holds(signal, seq)) return open.skipped(seq); // its write failed meanwhile
      open.rows.append(body, record);
      this.#took(seq, record, arrivalMs(record, this.#parts.now));
    } catch (error) {
      await setAsideUnreadable(this.#parts, { seq, storedTables: [] }, error);
      if (this.#open === open) open.skipped(seq);
    }
  }

  #lost(seq: number): void {
    for (const sealed of this.#sealed)
      if (seq >= sealed.fromSeq && seq <= sealed.toSeq) sealed.isBroken = true;
    if (seq < this.#open.fromSeq || seq > this.#open.toSeq) return;
    this.#parts.metrics.rebuilt(this.#parts.signal);
    this.#restart(this.#open.fromSeq);
  }

  #restart(fromSeq: number): void {
    this.#open.close();
    this.#open.rows.discard();
    this.#open = this.#newBatch(fromSeq, this.#newRows());
    this.#attached = false;
    this.#change();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
