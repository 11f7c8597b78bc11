import type { WireReader } from './wire-reader.ts';

export const TRACE_ID_BYTES = 16;
export const SPAN_ID_BYTES = 8;

/** An id is valid when it has its length (a multiple of 4) and is not all zeros. */
export function isValidId(reader: WireReader, at: number, byteCount: number, wanted: number): boolean {
  if (byteCount !== wanted) return false;
  let bits = 0;
  for (let i = at; i < at + wanted; i += 4) bits |= reader.view.getInt32(i, true);
  return bits !== 0;
}
