import { ANOMALY } from '../../../core/anomaly.ts';
import type { Column } from './column.ts';
import { type ByteSource, copyWords, GrowingBytes, NOT_ASCII } from './growing-bytes.ts';
import { repairUtf8 } from './repair-utf8.ts';

/** Two hexadecimal digits per byte, as they lie in memory. */
const HEX_PAIRS = Uint16Array.from({ length: 256 }, (_, byte) => {
  const text = byte.toString(16).padStart(2, '0');
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8);
});

/** `String`: length and bytes, row after row. */
export class TextColumn implements Column {
  readonly type = 'String';
  readonly data = new GrowingBytes();

  /** @returns anomaly bits: text that is not UTF-8 is stored with its broken bytes replaced */
  push(source: ByteSource, at: number, byteCount: number): number {
    const { data } = this;
    data.reserve(byteCount + 5);
    const start = data.length;
    if (byteCount === 0) {
      data.bytes[data.length++] = 0;
      return 0;
    }
    if (byteCount < 0x80) data.bytes[data.length++] = byteCount;
    else data.varint(byteCount);
    const seen = copyWords(source.view, at, data.view, data.length, byteCount);
    data.length += byteCount;
    if ((seen & NOT_ASCII) === 0) return 0;
    return this.repair(source.bytes.subarray(at, at + byteCount), start);
  }

  /** Of text that was written from `start` on and is not all ASCII, replaces what is not UTF-8. */
  repair(text: Uint8Array, start: number): number {
    const repaired = repairUtf8(text);
    if (repaired === null) return 0;
    const { data } = this;
    data.length = start;
    data.varint(repaired.length);
    data.copy(repaired);
    return ANOMALY.invalidUtf8;
  }

  /** An integer from 0 to 2^31 - 1 in decimal. */
  pushInteger(value: number): void {
    const { data } = this;
    data.reserve(11);
    const { bytes, length } = data;
    const digits = digitCount(value);
    bytes[length] = digits;
    let rest = value;
    for (let at = length + digits; at > length; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = 48 + rest - tenth * 10;
      rest = tenth;
    }
    data.length = length + 1 + digits;
  }

  pushEmpty(): void {
    this.data.uint8(0);
  }

  /** Bytes as lower-case hexadecimal; for ids, so a multiple of four and fewer than 64 bytes. */
  pushHex(source: ByteSource, at: number, byteCount: number): void {
    const { data } = this;
    data.reserve(1 + byteCount * 2);
    const from = source.view;
    const { view } = data;
    let to = data.length;
    data.bytes[to++] = byteCount * 2;
    for (let i = at; i < at + byteCount; i += 4, to += 8) {
      const word = from.getInt32(i, true);
      const left = (HEX_PAIRS[word & 0xff] as number) | ((HEX_PAIRS[(word >>> 8) & 0xff] as number) << 16);
      const right = (HEX_PAIRS[(word >>> 16) & 0xff] as number) | ((HEX_PAIRS[word >>> 24] as number) << 16);
      view.setInt32(to, left, true);
      view.setInt32(to + 4, right, true);
    }
    data.length = to;
  }

  /** The same text in `times` rows. */
  repeat(source: ByteSource, at: number, byteCount: number, times: number): number {
    if (times === 0) return 0;
    const start = this.data.length;
    const anomalies = this.push(source, at, byteCount);
    this.data.repeatTail(this.data.length - start, times - 1);
    return anomalies;
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

function digitCount(value: number): number {
  if (value < 10_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1_000 ? 3 : 4;
  if (value < 1_000_000) return value < 100_000 ? 5 : 6;
  if (value < 100_000_000) return value < 10_000_000 ? 7 : 8;
  return value < 1_000_000_000 ? 9 : 10;
}
