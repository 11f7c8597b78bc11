import { SPLIT_MESSAGE_FOUND } from './split-message-found.ts';
import { ValueScan } from './value-scan.ts';
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
   * Reads one KeyValue between the reader's position and `end` and leaves the reader there.
   * @returns false when its value is nested too deep to store
   */
  read(reader: WireReader, end: number): boolean {
    const value = this.#value;
    let keyAt = 0;
    let keyBytes = 0;
    let values = 0;
    let fits = true;
    value.clear();
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) {
        const keyEnd = reader.contentEnd(end);
        keyAt = reader.position;
        keyBytes = keyEnd - keyAt;
        reader.position = keyEnd;
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
