import type { ByteStream } from './byte-stream.ts';

const SKIPPABLE_MAGIC = 0x184d2a50;
const RLE_BLOCK = 1;

/** The bytes of the next zstd frame, block by block (RFC 8878, 3.1): where it ends, only its blocks say. */
export async function* zstdFrame(raw: ByteStream): AsyncGenerator<Buffer> {
  const magic = await raw.peek(5);
  if (magic.length === 5 && (magic.readUInt32LE() & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
    const head = await raw.take(8);
    await raw.skip(head.readUInt32LE(4));
    return;
  }
  const descriptor = magic[4] ?? 0;
  yield await raw.take(5 + headerBytes(descriptor));
  for (let isLast = false; !isLast; ) {
    const head = await raw.take(3);
    yield head;
    if (head.length < 3) return; // cut off: the inflater says so
    const bits = head.readUIntLE(0, 3);
    isLast = (bits & 1) === 1;
    const byteCount = ((bits >>> 1) & 3) === RLE_BLOCK ? 1 : bits >>> 3;
    if (byteCount > 0) yield await raw.take(byteCount);
  }
  const hasChecksum = (descriptor & 4) !== 0;
  if (hasChecksum) yield await raw.take(4);
}

/** Window descriptor, dictionary id and content size, as the frame's descriptor announces them. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] as number;
  return (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
}
