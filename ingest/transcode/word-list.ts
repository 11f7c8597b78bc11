import { GrowingBytes } from './columns/growing-bytes.ts';
import { malformed, type WireReader } from './wire-reader.ts';

/** A list that one huge record blew up is not kept for the next. */
const KEPT_BYTES_MAX = 262_144;

/** Bits of four bytes of which one does not end a varint. */
const CONTINUED = 0x80808080;

/** Repeated 64-bit numbers of one record, eight bytes each, as their column will hold them. */
export class WordList {
  data = new GrowingBytes();

  get count(): number {
    return this.data.length / 8;
  }

  clear(): void {
    this.data.length = 0;
    if (this.data.bytes.length > KEPT_BYTES_MAX) this.data = new GrowingBytes();
  }

  /** One value of a fixed-width field that was sent unpacked. */
  readFixed(reader: WireReader, end: number): void {
    const at = reader.fixed(8, end);
    this.data.int64(reader.view.getInt32(at, true), reader.view.getInt32(at + 4, true));
  }

  /** A packed field of fixed-width values: a copy, for the wire holds them as the column does. */
  readPackedFixed(reader: WireReader, end: number): void {
    const byteCount = reader.content(end);
    const at = reader.position - byteCount;
    if (byteCount % 8 !== 0) throw malformed('packed 64-bit values of a wrong length', at);
    this.data.copyLongWords(reader, at, byteCount);
  }

  readVarint(reader: WireReader, end: number): void {
    reader.varint64(end);
    this.data.int64(reader.low, reader.high);
  }

  /** Buckets hold small counts as a rule: four one-byte varints at once, 2 ns a value instead of 10. */
  readPackedVarints(reader: WireReader, end: number): void {
    const contentEnd = reader.contentEnd(end);
    const { data } = this;
    while (reader.position < contentEnd) {
      const word =
        reader.position + 4 <= contentEnd ? reader.view.getInt32(reader.position, true) : CONTINUED;
      if ((word & CONTINUED) !== 0) this.readVarint(reader, contentEnd);
      else {
        reader.position += 4;
        data.reserve(32);
        const { view, length } = data;
        view.setInt32(length, word & 0x7f, true);
        view.setInt32(length + 4, 0, true);
        view.setInt32(length + 8, (word >>> 8) & 0x7f, true);
        view.setInt32(length + 12, 0, true);
        view.setInt32(length + 16, (word >>> 16) & 0x7f, true);
        view.setInt32(length + 20, 0, true);
        view.setInt32(length + 24, word >>> 24, true);
        view.setInt32(length + 28, 0, true);
        data.length = length + 32;
      }
    }
  }
}
