import { GrowingBytes } from './growing-bytes.ts';

/** Where each row of an array ends; the columns of one Nested share it. */
export class ArrayOffsets {
  readonly #data = new GrowingBytes();
  #total = 0;
  #markedTotal = 0;

  /** Ends a row of `itemCount` elements. */
  push(itemCount: number): void {
    this.#total += itemCount;
    this.#data.int64(this.#total | 0, 0);
  }

  /** Ends `times` rows of `itemCount` elements each. */
  repeat(itemCount: number, times: number): void {
    const data = this.#data;
    data.reserve(times * 8);
    const { view } = data;
    let { length } = data;
    let total = this.#total;
    for (let i = 0; i < times; i++, length += 8) {
      total += itemCount;
      view.setInt32(length, total, true);
      view.setInt32(length + 4, 0, true);
    }
    data.length = length;
    this.#total = total;
  }

  get byteCount(): number {
    return this.#data.length;
  }

  mark(): void {
    this.#data.mark();
    this.#markedTotal = this.#total;
  }

  rollback(): void {
    this.#data.rollback();
    this.#total = this.#markedTotal;
  }

  reset(): void {
    this.#data.reset();
    this.#total = 0;
    this.#markedTotal = 0;
  }

  writeData(into: GrowingBytes): void {
    into.copy(this.#data.filled());
  }
}
