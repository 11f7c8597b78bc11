import type { ByteStream } from './byte-stream.ts';
import { encodingOf } from './encoding-of.ts';
import { looksLikeJson } from './looks-like-json.ts';

/** As much as one request may weigh, before and after inflating: as in ingest. */
export const MESSAGE_BYTES_MAX = 67_108_864;

/** A part of a file that should be one request; `place` is for people: `line 3`. */
export type FilePart =
  | { readonly place: string; readonly bytes: Buffer }
  | { readonly place: string; readonly why: string };

/** Field 1, length-delimited: what every request in protobuf begins with. As a length it would be 167 MB. */
const REQUEST_TAG = 0x0a;
/** `{`, `{"resourceSpans": [` and the like: a document that goes on over many lines. */
const OPENING_ONLY = /^\s*\{\s*("\w+"\s*:\s*\[?\s*\{?\s*)?$/;

/**
 * The requests of a file in any of its forms: JSON lines, or messages with their length before them in four bytes (both
 * as the Collector's file exporter writes them), or the file is one request. What cannot be one is told, and the rest goes on.
 */
export async function* splitMessages(stream: ByteStream): AsyncGenerator<FilePart> {
  const start = await stream.peek(256);
  if (start.length === 0) return;
  if (looksLikeJson(start)) yield* isOneDocument(start) ? whole(stream) : lines(stream);
  else if (start[0] === REQUEST_TAG) yield* whole(stream);
  else if (start[0] === 0 || start[0] === 1 || encodingOf(start.subarray(4)) !== 'identity')
    yield* framed(stream);
  else yield* lines(stream);
}

function isOneDocument(start: Buffer): boolean {
  const head = start.toString('latin1').replace(/^\s*\n/, '');
  const lineEnd = head.indexOf('\n');
  return lineEnd >= 0 && OPENING_ONLY.test(head.slice(0, lineEnd));
}

async function* lines(stream: ByteStream): AsyncGenerator<FilePart> {
  for (let number = 1; ; number++) {
    const line = await stream.line(MESSAGE_BYTES_MAX);
    if (line === null) return;
    const place = `line ${number}`;
    if (line.bytes === null) yield { place, why: `it is longer than ${MESSAGE_BYTES_MAX} bytes` };
    else if (line.bytes.some((byte) => byte > 0x20)) yield { place, bytes: line.bytes };
  }
}

async function* framed(stream: ByteStream): AsyncGenerator<FilePart> {
  for (let number = 1; ; number++) {
    const place = `message ${number} at byte ${stream.position}`;
    const head = await stream.take(4);
    if (head.length === 0) return;
    const byteCount = head.length < 4 ? Number.NaN : head.readUInt32BE();
    if (byteCount > MESSAGE_BYTES_MAX) {
      // Nothing says where the next begins: one wrong length spoils all that follows.
      const why = `its length of ${byteCount} bytes is more than a request may have; the file is not read on from here`;
      yield { place, why };
      return;
    }
    const bytes = Number.isNaN(byteCount) ? head : await stream.take(byteCount);
    if (bytes.length !== byteCount) {
      yield { place, why: 'the file ends within it' };
      return;
    }
    if (byteCount > 0) yield { place, bytes };
  }
}

async function* whole(stream: ByteStream): AsyncGenerator<FilePart> {
  const place = 'the whole file';
  const bytes = await stream.take(MESSAGE_BYTES_MAX + 1);
  if (bytes.length > MESSAGE_BYTES_MAX) {
    yield { place, why: `it is one request of more than ${MESSAGE_BYTES_MAX} bytes` };
  } else yield { place, bytes };
}
