import { SPLIT_MESSAGE_FOUND } from './split-message-found.ts';
import { VALUE, ValueScan } from './value-scan.ts';
import type { WireReader } from './wire-reader.ts';

/** Numbers per attribute in `entries`: key start, key bytes, kind, value start, value bytes. */
export const ATTRIBUTE_WIDTH = 5;

/** Where the attributes of one record lie in the body: positions only, so that nothing is made per attribute. */
export class AttributeList {
  entries = new Int32Array(64 * ATTRIBUTE_WIDTH);
  count = 0;
  readonly #value = new ValueScan();

  clear(): void {
    this.count = 0;
  }

  /**
   * Reads one KeyValue between the reader's position and `end` and leaves the reader there. Once per attribute:
   * the form that encoders write is recognised without a call, 12 ns instead of 40.
   * @returns false when its value is nested too deep to store
   */
  read(reader: WireReader, end: number): boolean {
    const { bytes, position } = reader;
    const keyBytes = bytes[position + 1] as number;
    const valueTagAt = position + 2 + keyBytes;
    const valueAt = valueTagAt + 2;
    const plain =
      valueAt < end &&
      bytes[position] === 0x0a &&
      keyBytes < 0x80 &&
      bytes[valueTagAt] === 0x12 &&
      (bytes[valueTagAt + 1] as number) < 0x80 &&
      valueAt + (bytes[valueTagAt + 1] as number) === end;
    if (!plain) return this.#readAny(reader, end);
    const tag = bytes[valueAt] as number;
    const next = bytes[valueAt + 1] as number;
    if (tag === 0x0a && next < 0x80 && valueAt + 2 + next === end) {
      this.#add(position + 2, keyBytes, VALUE.text, valueAt + 2, next);
    } else if ((tag === 0x18 || tag === 0x10) && isVarint(bytes, valueAt + 1, end)) {
      this.#add(position + 2, keyBytes, tag >>> 3, valueAt + 1, 0);
    } else if (tag === 0x21 && valueAt + 9 === end) {
      this.#add(position + 2, keyBytes, VALUE.double, valueAt + 1, 0);
    } else return this.#readAny(reader, end);
    reader.position = end;
    return true;
  }

  #readAny(reader: WireReader, end: number): boolean {
    const value = this.#value;
    let keyAt = 0;
    let keyBytes = 0;
    let values = 0;
    let fits = true;
    value.clear();
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) {
        keyBytes = reader.content(end);
        keyAt = reader.position - keyBytes;
      } else if (tag === 0x12) {
        if (values++ > 0) throw SPLIT_MESSAGE_FOUND;
        fits = value.read(reader, reader.contentEnd(end));
      } else reader.skip(tag, end);
    }
    this.#add(keyAt, keyBytes, value.kind, value.at, value.byteCount);
    return fits;
  }

  #add(keyAt: number, keyBytes: number, kind: number, valueAt: number, valueBytes: number): void {
    const at = this.count * ATTRIBUTE_WIDTH;
    if (at + ATTRIBUTE_WIDTH > this.entries.length) this.#grow();
    const { entries } = this;
    entries[at] = keyAt;
    entries[at + 1] = keyBytes;
    entries[at + 2] = kind;
    entries[at + 3] = valueAt;
    entries[at + 4] = valueBytes;
    this.count++;
  }

  #grow(): void {
    const grown = new Int32Array(this.entries.length * 2);
    grown.set(this.entries);
    this.entries = grown;
  }
}

/** Whether one varint fills the bytes from `at` to `end`. */
function isVarint(bytes: Uint8Array, at: number, end: number): boolean {
  if (end <= at || end - at > 10 || (bytes[end - 1] as number) >= 0x80) return false;
  for (let i = at; i < end - 1; i++) if ((bytes[i] as number) < 0x80) return false;
  return true;
}
