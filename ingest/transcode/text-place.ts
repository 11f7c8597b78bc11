import type { ByteSource } from './columns/growing-bytes.ts';
import { WireReader } from './wire-reader.ts';

/** A piece of text: in the body, or in bytes of our own. */
export interface TextPlace {
  readonly source: ByteSource;
  readonly at: number;
  readonly byteCount: number;
}

export const NO_TEXT: TextPlace = { source: new WireReader(new Uint8Array(0)), at: 0, byteCount: 0 };

/** Steps over a text field of the body; returns where it lies. */
export function readText(reader: WireReader, end: number): TextPlace {
  const contentEnd = reader.contentEnd(end);
  const at = reader.position;
  reader.position = contentEnd;
  return { source: reader, at, byteCount: contentEnd - at };
}

export function textOf(place: TextPlace): string {
  const { bytes } = place.source;
  return Buffer.from(bytes.subarray(place.at, place.at + place.byteCount)).toString('utf8');
}
