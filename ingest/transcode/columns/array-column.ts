import type { ArrayOffsets } from './array-offsets.ts';
import type { Column } from './column.ts';
import type { GrowingBytes } from './growing-bytes.ts';

/** `Array(T)`: elements go into `items`, then `endRow` closes the row, once for all columns that share offsets. */
export class ArrayColumn<Items extends Column> implements Column {
  readonly type: string;
  readonly items: Items;
  readonly #offsets: ArrayOffsets;

  constructor(offsets: ArrayOffsets, items: Items) {
    this.#offsets = offsets;
    this.items = items;
    this.type = `Array(${items.type})`;
  }

  endRow(itemCount: number): void {
    this.#offsets.push(itemCount);
  }

  get byteCount(): number {
    return this.#offsets.byteCount + this.items.byteCount;
  }

  mark(): void {
    this.#offsets.mark();
    this.items.mark();
  }

  rollback(): void {
    this.#offsets.rollback();
    this.items.rollback();
  }

  reset(): void {
    this.#offsets.reset();
    this.items.reset();
  }

  writePrefix(into: GrowingBytes): void {
    this.items.writePrefix(into);
  }

  writeData(into: GrowingBytes): void {
    this.#offsets.writeData(into);
    this.items.writeData(into);
  }
}
