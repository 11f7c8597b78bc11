import type { NativeInsert } from '../core/native-insert.ts';
import type { SpoolRecord } from './spool-record.ts';
import type { SignalBatch } from './transcode/signal-batch.ts';

export interface BatchLimits {
  readonly batchRowsMax: number;
  readonly batchBytesMax: number;
  readonly batchAgeMsMax: number;
}

/** A batch whose boundaries are fixed. */
export interface SealedBatch {
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly rowCount: number;
  /** Of the requests, as sent. */
  readonly bodyBytes: number;
  readonly inserts: readonly NativeInsert[];
  /** In milliseconds of `performance.now()`, which does not step as the wall clock may. */
  readonly oldestArrivalMs: number;
  /** A write of one of its requests failed: its rows must not reach the store. */
  isBroken: boolean;
}

interface OpenBatchParts {
  /** Empty. */
  readonly rows: SignalBatch;
  readonly fromSeq: number;
  readonly limits: BatchLimits;
  readonly onAged: () => void;
}

/** The batch that grows: rows of the requests [fromSeq, toSeq], in this order; toSeq is before fromSeq at first. */
export class OpenBatch {
  readonly rows: SignalBatch;
  readonly fromSeq: number;
  toSeq: number;
  oldestArrivalMs = Number.POSITIVE_INFINITY;
  readonly #limits: BatchLimits;
  readonly #onAged: () => void;
  bodyBytes = 0;
  #records = 0;
  #isAged = false;
  #timer: NodeJS.Timeout | null = null;

  constructor({ rows, fromSeq, limits, onAged }: OpenBatchParts) {
    this.rows = rows;
    this.fromSeq = fromSeq;
    this.toSeq = fromSeq - 1;
    this.#limits = limits;
    this.#onAged = onAged;
  }

  /** The request's rows were appended to `rows`. @param arrivalMs of `performance.now()` */
  took(seq: number, { body }: SpoolRecord, arrivalMs: number): void {
    this.toSeq = seq;
    this.bodyBytes += body.length;
    this.#records++;
    this.oldestArrivalMs = Math.min(this.oldestArrivalMs, arrivalMs);
    this.#timer ??= setTimeout(() => {
      this.#isAged = true;
      this.#onAged();
    }, this.#limits.batchAgeMsMax);
  }

  /** There is no request under this seq: its write failed, or it was set aside. */
  skipped(seq: number): void {
    this.toSeq = seq;
  }

  get hasRecords(): boolean {
    return this.#records > 0;
  }

  get isFull(): boolean {
    return (
      this.rows.rowCount >= this.#limits.batchRowsMax || this.rows.byteCount >= this.#limits.batchBytesMax
    );
  }

  get isDue(): boolean {
    return this.hasRecords && (this.#isAged || this.isFull);
  }

  seal(): SealedBatch {
    this.close();
    const { fromSeq, toSeq, oldestArrivalMs, bodyBytes } = this;
    const { rowCount } = this.rows;
    const inserts = this.rows.seal();
    return { fromSeq, toSeq, oldestArrivalMs, bodyBytes, rowCount, inserts, isBroken: false };
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
