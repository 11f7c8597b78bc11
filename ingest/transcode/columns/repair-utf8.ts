import { isUtf8 } from 'node:buffer';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Null when the bytes are UTF-8; otherwise the text with U+FFFD in place of what is not. */
export function repairUtf8(bytes: Uint8Array): Uint8Array | null {
  return isUtf8(bytes) ? null : encoder.encode(decoder.decode(bytes));
}
