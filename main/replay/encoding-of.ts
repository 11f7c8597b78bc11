import type { ContentEncoding } from '../../ingest/export-request.ts';

const MAGIC = [
  { encoding: 'gzip', bytes: Buffer.from([0x1f, 0x8b]) },
  { encoding: 'zstd', bytes: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) },
] as const;

/** How bytes are compressed, by what they begin with; names of files lie. */
export function encodingOf(bytes: Uint8Array): Exclude<ContentEncoding, 'deflate'> {
  const found = MAGIC.find((magic) => magic.bytes.equals(bytes.subarray(0, magic.bytes.length)));
  return found?.encoding ?? 'identity';
}
