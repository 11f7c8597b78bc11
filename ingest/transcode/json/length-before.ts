import type { GrowingBytes } from '../columns/growing-bytes.ts';

/** Puts the length of what was written since `start` before it, where one byte is kept for it. */
export function lengthBefore(into: GrowingBytes, start: number): void {
  const byteCount = into.length - start;
  if (byteCount < 0x80) {
    into.bytes[start - 1] = byteCount;
    return;
  }
  into.varint(byteCount);
  const lengthBytes = into.length - start - byteCount;
  const length = into.bytes.slice(into.length - lengthBytes, into.length);
  into.bytes.copyWithin(start - 1 + lengthBytes, start, start + byteCount);
  into.bytes.set(length, start - 1);
  into.length--; // the byte that was kept is part of the length now
}
