import type { Column } from './column.ts';
import { GrowingBytes } from './growing-bytes.ts';

/** Numbers and times of one width; `data` is written to directly, by the width of `type`. */
export class FixedColumn implements Column {
  readonly type: string;
  readonly data = new GrowingBytes();

  constructor(type: string) {
    this.type = type;
  }

  repeatUint8(value: number, times: number): void {
    if (times === 0) return;
    this.data.uint8(value);
    this.data.repeatTail(1, times - 1);
  }

  repeatUint32(value: number, times: number): void {
    if (times === 0) return;
    this.data.int32(value);
    this.data.repeatTail(4, times - 1);
  }

  repeatInt64(low: number, high: number, times: number): void {
    if (times === 0) return;
    this.data.int64(low, high);
    this.data.repeatTail(8, times - 1);
  }

  /** Sets bits in the rows from `from` on, of a column of 32-bit rows. */
  orUint32(bits: number, from: number): void {
    for (let at = from * 4; at < this.data.length; at += 4) {
      this.data.view.setInt32(at, this.data.view.getInt32(at, true) | bits, true);
    }
  }

  get byteCount(): number {
    return this.data.length;
  }

  mark(): void {
    this.data.mark();
  }

  rollback(): void {
    this.data.rollback();
  }

  reset(): void {
    this.data.reset();
  }

  writePrefix(): void {}

  writeData(into: GrowingBytes): void {
    into.copy(this.data.filled());
  }
}
