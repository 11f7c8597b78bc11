import type { GrowingBytes } from '../columns/growing-bytes.ts';
import { PlaceList } from '../place-list.ts';
import { malformed, type WireReader } from '../wire-reader.ts';
import type { BucketSum } from './bucket-sum.ts';

/** Bits of four bytes of which one does not end a varint. */
const CONTINUED = 0x80808080;

/** The doubles whose eight bytes are those of the integers from 0 to 127: one store instead of two halves. */
const LONG_WORDS = new Float64Array(BigInt64Array.from({ length: 128 }, (_, value) => BigInt(value)).buffer);

/**
 * Where the values of a repeated 64-bit field lie in the body: start and end of every packed field, or of every
 * value that was sent alone. They are copied or decoded once, into their column: by way of a list of numbers a
 * bucket took some 20 ns.
 */
export class RangeList extends PlaceList {
  /** Values in all ranges. */
  count = 0;

  override clear(): void {
    super.clear();
    this.count = 0;
  }

  /** One value of a fixed-width field that was sent unpacked. */
  readFixed(reader: WireReader, end: number): void {
    this.#add(reader.fixed(8, end), reader.position, 1);
  }

  /** A packed field of fixed-width values. */
  readPackedFixed(reader: WireReader, end: number): void {
    const byteCount = reader.content(end);
    const at = reader.position - byteCount;
    if (byteCount % 8 !== 0) throw malformed('packed 64-bit values of a wrong length', at);
    this.#add(at, reader.position, byteCount / 8);
  }

  readVarint(reader: WireReader, end: number): void {
    const at = reader.position;
    reader.varint64(end);
    this.#add(at, reader.position, 1);
  }

  readPackedVarints(reader: WireReader, end: number): void {
    const contentEnd = reader.contentEnd(end);
    const at = reader.position;
    let count = 0;
    while (reader.position < contentEnd) {
      if (wordOfVarints(reader, contentEnd) === CONTINUED) {
        reader.varint64(contentEnd);
        count++;
      } else {
        reader.position += 4;
        count += 4;
      }
    }
    this.#add(at, contentEnd, count);
  }

  /** Appends the values of a fixed-width field: the wire holds them as a column does. */
  writeFixed(into: GrowingBytes, reader: WireReader): void {
    const { places, length } = this;
    for (let i = 0; i < length; i += 2) {
      const at = places[i] as number;
      into.copyLongWords(reader, at, (places[i + 1] as number) - at);
    }
  }

  /** Appends the values of a varint field, and adds them to `sum`. Moves the reader. */
  writeVarints(into: GrowingBytes, reader: WireReader, sum: BucketSum): void {
    const { places, length } = this;
    into.reserve(this.count * 8);
    for (let i = 0; i < length; i += 2) {
      reader.position = places[i] as number;
      writeVarints(into, reader, places[i + 1] as number, sum);
    }
  }

  #add(at: number, end: number, count: number): void {
    this.push(at);
    this.push(end);
    this.count += count;
  }
}

/** Counts of buckets are small as a rule: four varints of one byte, or CONTINUED when the next are not. */
function wordOfVarints(reader: WireReader, end: number): number {
  const word = reader.position + 4 <= end ? reader.view.getInt32(reader.position, true) : CONTINUED;
  return (word & CONTINUED) === 0 ? word : CONTINUED;
}

/** As the method, of one range; there must be room. */
function writeVarints(into: GrowingBytes, reader: WireReader, end: number, sum: BucketSum): void {
  const { view } = into;
  while (reader.position < end) {
    const word = wordOfVarints(reader, end);
    const { length } = into;
    if (word === CONTINUED) {
      reader.varint64(end);
      into.int64(reader.low, reader.high);
      sum.add(reader.low, reader.high);
      continue;
    }
    reader.position += 4;
    into.length = length + 32;
    sum.add(writeWord(view, length, word), 0);
  }
}

/** Writes four values of one byte each; returns their sum. */
function writeWord(view: DataView, at: number, word: number): number {
  const first = word & 0x7f;
  const second = (word >>> 8) & 0x7f;
  const third = (word >>> 16) & 0x7f;
  const fourth = word >>> 24;
  view.setFloat64(at, LONG_WORDS[first] as number, true);
  view.setFloat64(at + 8, LONG_WORDS[second] as number, true);
  view.setFloat64(at + 16, LONG_WORDS[third] as number, true);
  view.setFloat64(at + 24, LONG_WORDS[fourth] as number, true);
  return first + second + third + fourth;
}
