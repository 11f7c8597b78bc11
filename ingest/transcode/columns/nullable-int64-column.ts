import type { Column } from './column.ts';
import { GrowingBytes } from './growing-bytes.ts';

/** `Nullable(Int64)`: a byte per row that says whether it is missing, then the values. */
export class NullableInt64Column implements Column {
  readonly type = 'Nullable(Int64)';
  readonly #nulls = new GrowingBytes();
  readonly #values = new GrowingBytes();

  push(low: number, high: number): void {
    this.#nulls.uint8(0);
    this.#values.int64(low, high);
  }

  pushNull(): void {
    this.#nulls.uint8(1);
    this.#values.int64(0, 0);
  }

  get byteCount(): number {
    return this.#nulls.length + this.#values.length;
  }

  mark(): void {
    this.#nulls.mark();
    this.#values.mark();
  }

  rollback(): void {
    this.#nulls.rollback();
    this.#values.rollback();
  }

  reset(): void {
    this.#nulls.reset();
    this.#values.reset();
  }

  writePrefix(): void {}

  writeData(into: GrowingBytes): void {
    into.copy(this.#nulls.filled());
    into.copy(this.#values.filled());
  }
}
