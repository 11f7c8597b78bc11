import type { NativeInsert } from '../../core/native-insert.ts';
import type { ChunkSink } from './chunk-sink.ts';
import type { Column } from './columns/column.ts';
import { nativeBlock } from './columns/native-block.ts';

type Columns = Readonly<Record<string, Column>>;

/** How the rows of a batch are cut, and where what was cut waits. */
export interface Chunking {
  readonly rowsPerChunkMax: number;
  readonly sinkOf: (table: string) => ChunkSink;
}

/**
 * Rows on their way into one table: an open chunk of columns, and the chunks already sealed. An append may span
 * chunks; what it began with is kept aside until it commits, so that it can be undone.
 */
export class TableBuilder<C extends Columns> {
  /** Columns of the open chunk: not to be held across `rotate`. */
  columns: C;
  rowCount = 0;
  /** First row of the open chunk that belongs to the resource, and to the scope, being walked. */
  resourceFrom = 0;
  scopeFrom = 0;
  readonly rowsPerChunkMax: number;
  readonly #table: string;
  readonly #make: () => C;
  readonly #spares: C[] = [];
  readonly #sink: ChunkSink;
  #pending: Uint8Array[] = [];
  #sealedRows = 0;
  #pendingRows = 0;
  #sealedBytes = 0;
  #aside: C | null = null;
  #asideRows = 0;
  #marked: C | null = null;
  #markedRows = 0;

  constructor(table: string, make: () => C, { rowsPerChunkMax, sinkOf }: Chunking) {
    this.#table = table;
    this.#make = make;
    this.rowsPerChunkMax = rowsPerChunkMax;
    this.#sink = sinkOf(table);
    this.columns = make();
  }

  get totalRows(): number {
    return this.#sealedRows + this.rowCount;
  }

  get byteCount(): number {
    return list(this.columns).reduce((sum, column) => sum + column.byteCount, this.#sealedBytes);
  }

  /** Begins an append; most requests have rows for few tables, and the others are as they were marked. */
  mark(): void {
    if (this.columns !== this.#marked || this.rowCount !== this.#markedRows) {
      for (const column of list(this.columns)) column.mark();
      this.#marked = this.columns;
      this.#markedRows = this.rowCount;
    }
    this.resourceFrom = this.rowCount;
    this.scopeFrom = this.rowCount;
  }

  /** Closes a full chunk in the middle of an append. */
  rotate(): void {
    if (this.#aside === null) {
      this.#aside = this.columns;
      this.#asideRows = this.rowCount;
    } else {
      this.#pending.push(nativeBlock(this.columns, this.rowCount).slice());
      this.#pendingRows += this.rowCount;
      this.#recycle(this.columns);
    }
    this.columns = this.#spares.pop() ?? this.#make();
    this.rowCount = 0;
    this.resourceFrom = 0;
    this.scopeFrom = 0;
  }

  /** Ends an append that succeeded. */
  commit(): void {
    if (this.#aside === null) return;
    this.#seal(nativeBlock(this.#aside, this.#asideRows), this.#asideRows);
    this.#recycle(this.#aside);
    this.#aside = null;
    for (const chunk of this.#pending) this.#seal(chunk, 0);
    this.#sealedRows += this.#pendingRows;
    this.#pending = [];
    this.#pendingRows = 0;
  }

  /** Ends an append that failed: everything is as it was at `mark`. */
  rollback(): void {
    if (this.#aside !== null) {
      this.#recycle(this.columns);
      this.columns = this.#aside;
      this.#aside = null;
      this.#pending = [];
      this.#pendingRows = 0;
    }
    for (const column of list(this.columns)) column.rollback();
    this.rowCount = this.#markedRows;
  }

  /** Hands out all rows and starts afresh; null when there are none. */
  seal(): NativeInsert | null {
    const rowCount = this.totalRows;
    if (rowCount === 0) return null;
    if (this.rowCount > 0) {
      this.#seal(nativeBlock(this.columns, this.rowCount), this.rowCount);
      for (const column of list(this.columns)) column.reset();
      this.rowCount = 0;
    }
    this.#sealedRows = 0;
    this.#sealedBytes = 0;
    return { table: this.#table, columns: Object.keys(this.columns), ...this.#sink.take(), rowCount };
  }

  /** Forgets all rows, for good. */
  discard(): void {
    this.#sink.discard();
  }

  #seal(chunk: Uint8Array, rowCount: number): void {
    this.#sink.push(chunk);
    this.#sealedBytes += chunk.length;
    this.#sealedRows += rowCount;
  }

  #recycle(columns: C): void {
    for (const column of list(columns)) column.reset();
    this.#spares.push(columns);
  }
}

function list(columns: Columns): Column[] {
  return Object.values(columns);
}
