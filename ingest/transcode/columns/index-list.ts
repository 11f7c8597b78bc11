import { GrowingBytes } from './growing-bytes.ts';

/**
 * Indexes into a dictionary, in the narrowest width that holds them: one byte as a rule, widened in place when
 * the dictionary outgrows it. A block then is a copy, not a conversion of thirty indexes per row.
 */
export class IndexList {
  readonly #data = new GrowingBytes();
  #width = 1;
  #markedRows = 0;

  get rowCount(): number {
    return this.#data.length / this.#width;
  }

  get byteCount(): number {
    return this.#data.length;
  }

  push(index: number): void {
    if (this.#width === 1 && index < 0x100) this.#data.uint8(index);
    else this.#pushWide(index);
  }

  /** Appends `indexes[position]` for each of the first `count` positions. */
  pushAt(indexes: Int32Array, positions: Int32Array, count: number): void {
    const data = this.#data;
    data.reserve(count);
    let { length } = data;
    for (let i = 0; i < count; i++) {
      const index = indexes[positions[i] as number] as number;
      if (this.#width > 1 || index > 0xff) {
        data.length = length;
        this.#pushWide(index);
        data.reserve(count - i);
        length = data.length;
      } else data.bytes[length++] = index;
    }
    data.length = length;
  }

  /** Appends the last `rows` rows another `times` times. */
  repeatTail(rows: number, times: number): void {
    this.#data.repeatTail(rows * this.#width, times);
  }

  mark(): void {
    this.#markedRows = this.rowCount;
  }

  rollback(): void {
    this.#data.length = this.#markedRows * this.#width;
  }

  reset(): void {
    this.#data.reset();
    this.#width = 1;
    this.#markedRows = 0;
  }

  /** Writes all rows in `width` bytes each: 1, 2 or 4, enough for every index there is. */
  write(into: GrowingBytes, width: number): void {
    if (width === this.#width) into.copy(this.#data.filled());
    else this.#convert(into, width);
  }

  #pushWide(index: number): void {
    const needed = index < 0x100 ? 1 : index < 0x10000 ? 2 : 4;
    if (needed > this.#width) this.#widen(needed);
    if (this.#width === 2) {
      this.#data.uint8(index & 0xff);
      this.#data.uint8(index >>> 8);
    } else this.#data.int32(index);
  }

  #widen(width: number): void {
    const wide = new GrowingBytes(this.rowCount * width);
    this.#convert(wide, width);
    this.#data.length = 0;
    this.#data.copy(wide.filled());
    this.#width = width;
  }

  #convert(into: GrowingBytes, width: number): void {
    const { view } = this.#data;
    into.reserve(this.rowCount * width);
    for (let at = 0; at < this.#data.length; at += this.#width) {
      const index =
        this.#width === 1
          ? view.getUint8(at)
          : this.#width === 2
            ? view.getUint16(at, true)
            : view.getUint32(at, true);
      if (width === 1) into.bytes[into.length] = index;
      else if (width === 2) into.view.setUint16(into.length, index, true);
      else into.view.setUint32(into.length, index, true);
      into.length += width;
    }
  }
}
