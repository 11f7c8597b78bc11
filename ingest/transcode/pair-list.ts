import { PlaceList } from './place-list.ts';
import { malformed, type WireReader } from './wire-reader.ts';

/** Repeated 64-bit numbers of one record, as halves: low, high, low, high. */
export class PairList extends PlaceList {
  get pairCount(): number {
    return this.length / 2;
  }

  /** One value of a fixed-width field that was sent unpacked. */
  readFixed(reader: WireReader, end: number): void {
    const at = reader.fixed(8, end);
    this.push(reader.view.getInt32(at, true));
    this.push(reader.view.getInt32(at + 4, true));
  }

  /** A packed field of fixed-width values. */
  readPackedFixed(reader: WireReader, end: number): void {
    const contentEnd = reader.contentEnd(end);
    if ((contentEnd - reader.position) % 8 !== 0) {
      throw malformed('packed 64-bit values of a wrong length', reader.position);
    }
    while (reader.position < contentEnd) this.readFixed(reader, contentEnd);
  }

  readVarint(reader: WireReader, end: number): void {
    reader.varint64(end);
    this.push(reader.low);
    this.push(reader.high);
  }

  readPackedVarints(reader: WireReader, end: number): void {
    const contentEnd = reader.contentEnd(end);
    while (reader.position < contentEnd) this.readVarint(reader, contentEnd);
  }
}
