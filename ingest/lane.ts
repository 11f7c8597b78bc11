import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../core/log.ts';
import type { Signal } from '../core/signal.ts';
import { decodeBody } from './decode-body.ts';
import type { Inflater } from './inflate.ts';
import type { IngestMetrics } from './ingest-metrics.ts';
import { type BatchLimits, OpenBatch, type SealedBatch } from './open-batch.ts';
import { setAsideUnreadable } from './set-aside.ts';
import type { Spool } from './spool.ts';
import type { SpoolRecord } from './spool-record.ts';
import type { Judged } from './transcode/judgement.ts';
import { SignalBatch } from './transcode/signal-batch.ts';

const SCRATCH_ROWS_MAX = 8_000;

export interface LaneParts {
  readonly signal: Signal;
  readonly spool: Spool;
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
 * that batch. When the batch is full and the store does not take it, or a spool write failed and took rows with
 * it, the lane is *detached*: requests are only judged and spooled, and the open batch is filled from the spool
 * until it has caught up. So at most one open and one sealed batch per signal are in memory.
 */
export class Lane {
  readonly #parts: LaneParts;
  #open: OpenBatch;
  #attached = false;
  #scratch: SignalBatch;
  readonly #sealed = new Set<SealedBatch>();
  #storeDown = false;
  #closed = false;
  #changed = Promise.withResolvers<void>();

  /** @param fromSeq the first request that no recorded batch holds */
  constructor(parts: LaneParts, fromSeq: number) {
    this.#parts = parts;
    this.#open = this.#newBatch(fromSeq);
    this.#scratch = new SignalBatch(parts.signal);
    this.#attached = fromSeq > parts.spool.lastSeq(parts.signal);
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
    if (this.#attached) this.#open.took(seq, record);
    if (this.#open.isDue) this.#change();
    await durable;
    return judged;
  }

  /** Resolves when a batch is due; before that, catches up with the spool if need be. False: closed and empty. */
  async due(): Promise<boolean> {
    for (;;) {
      if (!this.#attached && !this.#closed) await this.#catchUp();
      if (this.#open.isDue || (this.#closed && this.#open.hasRecords)) return true;
      if (this.#closed) return false;
      if (this.#attached) await this.#changed.promise;
    }
  }

  /** Hands out the open batch and begins the next; null when a lost write has emptied it meanwhile. */
  seal(): SealedBatch | null {
    if (!this.#open.hasRecords) return null;
    const sealed = this.#open.seal();
    this.#sealed.add(sealed);
    this.#open = this.#newBatch(sealed.toSeq + 1);
    this.#change();
    return sealed;
  }

  /** Resolves when all of a sealed batch is durable; false: some is not, the lane makes its rows again. */
  async isDurable(sealed: SealedBatch): Promise<boolean> {
    const { spool, signal, metrics } = this.#parts;
    await spool.settled(signal, sealed.toSeq);
    this.#sealed.delete(sealed);
    if (!sealed.isBroken) return true;
    metrics.rebuilt(signal);
    this.#restart(sealed.fromSeq);
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
    return this.#open.hasRecords ? this.#parts.now() - this.#open.oldestReceivedAtMs : 0;
  }

  #newBatch(fromSeq: number): OpenBatch {
    const { signal, limits } = this.#parts;
    return new OpenBatch({ signal, fromSeq, limits, onAged: () => this.#change() });
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
      open.rows.append(body, record);
      open.took(seq, record);
    } catch (error) {
      await setAsideUnreadable(this.#parts, seq, error);
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
    this.#open = this.#newBatch(fromSeq);
    this.#attached = false;
    this.#change();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
