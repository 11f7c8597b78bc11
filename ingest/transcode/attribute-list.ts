import { PARTS_MAX, tooManyParts } from './parts-limit.ts';
import { SPLIT_MESSAGE_FOUND } from './split-message-found.ts';
import { VALUE, ValueScan } from './value-scan.ts';
import type { WireReader } from './wire-reader.ts';

/** Numbers per attribute in `entries`: key start, key bytes, kind, value start, value bytes. */
export const ATTRIBUTE_WIDTH = 5;

/** A list that one huge record blew up is not kept for the next. */
const ENTRIES_KEPT_MAX = 65_536;

/** Where the attributes of one record lie in the body: positions only, so that nothing is made per attribute. */
export class AttributeList {
  entries = new Int32Array(64 * ATTRIBUTE_WIDTH);
  count = 0;
  readonly #value = new ValueScan();

  clear(): void {
    this.count = 0;
    if (this.entries.length > ENTRIES_KEPT_MAX) this.entries = new Int32Array(64 * ATTRIBUTE_WIDTH);
  }

  /**
   * Reads KeyValues, the first of which begins at the reader's position with its length, as long as the next field
   * has `tag` too (one byte); leaves the reader behind the last. Once per attribute, so the form that encoders write
   * is recognised by two words: `head` is the length, 0x0a, the length of the key and its first byte; `value` is 0x12,
   * the length of the value, its tag and its first byte; all lengths below 128.
   * @returns false when a value is nested too deep to store
   */
  read(reader: WireReader, tag: number, limit: number): boolean {
    const { bytes, view } = reader;
    const { byteLength } = view;
    let fits = true;
    let at = reader.position;
    do {
      const head = at + 4 <= byteLength ? view.getInt32(at, true) : 0;
      const end = at + 1 + (head & 0x7f);
      const keyBytes = (head >>> 16) & 0x7f;
      const valueAt = at + keyBytes + 5;
      const isPlain = (head & 0x80ff80) === 0x000a00 && end <= limit && valueAt + 2 <= end;
      const value = isPlain ? view.getInt32(valueAt - 2, true) : 0;
      const isWhole = valueAt + ((value >>> 8) & 0x7f) === end;
      if ((value & 0x80ff80ff) === 0x000a0012 && isWhole && valueAt + 2 + (value >>> 24) === end) {
        this.#add(at + 3, keyBytes, VALUE.text, valueAt + 2, value >>> 24);
        at = end;
      } else if ((value & 0x80ff) === 0x12 && isWhole && isNumber(bytes, valueAt, end)) {
        this.#add(at + 3, keyBytes, (value >>> 19) & 0x1f, valueAt + 1, 0);
        at = end;
      } else {
        reader.position = at;
        if (!this.#readAny(reader, reader.contentEnd(limit))) fits = false;
        at = reader.position;
      }
    } while (at < limit && bytes[at] === tag && ++at);
    reader.position = at;
    return fits;
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
    if (this.count > PARTS_MAX) throw tooManyParts();
    const grown = new Int32Array(this.entries.length * 2);
    grown.set(this.entries);
    this.entries = grown;
  }
}

/** Whether an AnyValue is one boolean, integer or double, and nothing else. */
function isNumber(bytes: Uint8Array, at: number, end: number): boolean {
  const tag = bytes[at] as number;
  if (tag === 0x21) return at + 9 === end;
  if ((tag !== 0x18 && tag !== 0x10) || end - at > 11 || end - at < 2) return false;
  for (let i = at + 1; i < end - 1; i++) if ((bytes[i] as number) < 0x80) return false;
  return (bytes[end - 1] as number) < 0x80;
}
