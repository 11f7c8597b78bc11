import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { PipelineError } from '../../core/errors.ts';
import { ByteStream } from './byte-stream.ts';
import { encodingOf } from './encoding-of.ts';
import { zstdFrame } from './zstd-frame.ts';

const PIECE_BYTES = 1_048_576;

/**
 * The bytes of a file, inflated where they are compressed (gzip, zstd), piece by piece.
 * @throws PipelineError request_invalid, on reading, when it cannot be read; zlib's own error when it is cut off
 */
export function readFile(path: string): ByteStream {
  return new ByteStream(inflated(path));
}

async function* inflated(path: string): AsyncGenerator<Buffer> {
  const raw = new ByteStream(piecesOf(path));
  const encoding = encodingOf(await raw.peek(4));
  if (encoding === 'identity') yield* restOf(raw);
  else if (encoding === 'gzip') yield* through(restOf(raw), createGunzip());
  // Node stops at the end of the first frame, and files are often several: each is inflated by itself.
  else while ((await raw.peek(1)).length > 0) yield* through(zstdFrame(raw), createZstdDecompress());
}

async function* piecesOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: PIECE_BYTES }) as AsyncIterable<Buffer>;
  } catch (error) {
    const { message } = error as NodeJS.ErrnoException;
    throw new PipelineError('request_invalid', `${path} cannot be read: ${message}.`, { path }, error);
  }
}

async function* restOf(stream: ByteStream): AsyncGenerator<Buffer> {
  for (let piece = await stream.take(PIECE_BYTES); piece.length > 0; piece = await stream.take(PIECE_BYTES))
    yield piece;
}

async function* through(
  pieces: AsyncIterable<Buffer>,
  inflater: ReturnType<typeof createGunzip | typeof createZstdDecompress>,
): AsyncGenerator<Buffer> {
  pipeline(pieces, inflater, () => {}); // its error is thrown by what reads it
  yield* inflater as AsyncIterable<Buffer>;
}
