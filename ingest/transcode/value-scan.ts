import { SPLIT_MESSAGE_FOUND } from './split-message-found.ts';
import type { WireReader } from './wire-reader.ts';

/** What an AnyValue holds: the field numbers of its oneof, and 0 for the empty value. */
export const VALUE = { empty: 0, text: 1, bool: 2, int: 3, double: 4, array: 5, map: 6, bytes: 7 } as const;

/** Values nested deeper cost their record: what reads them back recursively must not be brought down. */
const VALUE_DEPTH_MAX = 64;

/** Where an AnyValue lies in the body: `at` and `byteCount` of its content, or `at` of its number. */
export class ValueScan {
  kind: number = VALUE.empty;
  at = 0;
  byteCount = 0;

  clear(): void {
    this.kind = VALUE.empty;
    this.at = 0;
    this.byteCount = 0;
  }

  /**
   * Reads the AnyValue between the reader's position and `end`, nested ones included: what comes after may
   * trust every byte of it.
   * @returns false when it is nested too deep to store
   */
  read(reader: WireReader, end: number, depth = 1): boolean {
    this.readShallow(reader, end);
    return this.kind === VALUE.array || this.kind === VALUE.map ? this.#readNested(reader, depth) : true;
  }

  /** As `read`, without a look at what is inside an array or a map. */
  readShallow(reader: WireReader, end: number): void {
    this.clear();
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a || tag === 0x2a || tag === 0x32 || tag === 0x3a) {
        const contentEnd = reader.contentEnd(end);
        this.#hold(tag >>> 3, reader.position, contentEnd - reader.position);
        reader.position = contentEnd;
      } else if (tag === 0x10 || tag === 0x18) {
        this.#hold(tag >>> 3, reader.position, 0);
        reader.varint64(end);
      } else if (tag === 0x21) {
        this.#hold(VALUE.double, reader.fixed(8, end), 0);
      } else reader.skip(tag, end);
    }
  }

  #hold(kind: number, at: number, byteCount: number): void {
    // Two members of the oneof, or one of them twice: only the last counts, or the two are one.
    if (this.kind !== VALUE.empty) throw SPLIT_MESSAGE_FOUND;
    this.kind = kind;
    this.at = at;
    this.byteCount = byteCount;
  }

  #readNested(reader: WireReader, depth: number): boolean {
    if (depth >= VALUE_DEPTH_MAX) return false;
    const { kind, at, byteCount } = this;
    const end = at + byteCount;
    const resumeAt = reader.position;
    reader.position = at;
    let fits = true;
    while (fits && reader.position < end) {
      const tag = reader.tag(end);
      if (tag !== 0x0a) {
        reader.skip(tag, end);
        continue;
      }
      const itemEnd = reader.contentEnd(end);
      fits =
        kind === VALUE.array ? this.read(reader, itemEnd, depth + 1) : this.#readPair(reader, itemEnd, depth);
    }
    reader.position = resumeAt;
    this.kind = kind;
    this.at = at;
    this.byteCount = byteCount;
    return fits;
  }

  #readPair(reader: WireReader, end: number, depth: number): boolean {
    let values = 0;
    let fits = true;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x12) {
        if (values++ > 0) throw SPLIT_MESSAGE_FOUND;
        const valueEnd = reader.contentEnd(end);
        if (!this.read(reader, valueEnd, depth + 1)) fits = false;
        reader.position = valueEnd;
      } else reader.skip(tag, end);
    }
    return fits;
  }
}
