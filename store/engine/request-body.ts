import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { EngineFault } from './engine-fault.ts';
import { type InsertHead, splitInsert } from './split-insert.ts';

const DECODERS: Readonly<Record<string, () => NodeJS.ReadWriteStream & Readable>> = {
  gzip: createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** Far enough to hold the head of an INSERT with a thousand columns. */
const HEAD_BYTES = 64 * 1024;

/** The body as its sender wrote it, Content-Encoding undone. @throws EngineFault for an encoding nobody knows */
export function decodedBody(request: IncomingMessage): AsyncIterable<Uint8Array> {
  const encoding = request.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return request;
  const decoder = DECODERS[encoding];
  if (decoder === undefined) {
    throw new EngineFault(
      89,
      'UNKNOWN_COMPRESSION_METHOD',
      `Content-Encoding ${encoding} is not known; use ${Object.keys(DECODERS).join(', ')}`,
    );
  }
  const decoded = decoder();
  pipeline(request, decoded).catch(() => undefined); // whoever reads `decoded` learns it
  return decode(encoding, decoded);
}

async function* decode(encoding: string, decoded: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* decoded;
  } catch (error) {
    const reason = (error as Error).message;
    throw new EngineFault(354, 'ZLIB_INFLATE_FAILED', `The body is no whole ${encoding}: ${reason}`);
  }
}

/** A body read far enough to know whether it is a statement or a statement with data behind it. */
export interface StatementBody {
  readonly text: string;
  /** The data of an inline INSERT: the bytes after its head, and what is still to come. */
  readonly data: { readonly head: InsertHead; readonly bytes: AsyncIterable<Uint8Array> } | null;
}

/**
 * Reads a statement from a body. Of an INSERT with data only the head is read as text; the data stays bytes.
 * @throws EngineFault 307 when a statement without data is longer than `bytesMax`
 */
export async function readStatementBody(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<StatementBody> {
  const iterator = body[Symbol.asyncIterator]();
  const parts: Uint8Array[] = [];
  let byteCount = 0;
  let looked = false;
  for (;;) {
    const next = await iterator.next();
    if (!next.done) {
      parts.push(next.value);
      byteCount += next.value.length;
    }
    if (!looked && (next.done || byteCount >= HEAD_BYTES)) {
      looked = true;
      const data = inlineData(Buffer.concat(parts), iterator);
      if (data !== null) return { text: '', data };
    }
    if (next.done) return { text: Buffer.concat(parts).toString('utf8'), data: null };
    if (byteCount > bytesMax) throw tooLong(bytesMax);
  }
}

function inlineData(bytes: Buffer, rest: AsyncIterator<Uint8Array>): StatementBody['data'] {
  const text = bytes.subarray(0, HEAD_BYTES).toString('utf8');
  const head = splitInsert(text);
  if (head === null) return null;
  const dataAt = Buffer.byteLength(text.slice(0, head.dataAt));
  return { head, bytes: follow(bytes.subarray(dataAt), rest) };
}

async function* follow(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/**
 * The fields of a multipart form, or null when the body is none. @clickhouse/client sends long parameters so.
 * @throws EngineFault 307 when it is longer than `bytesMax`, 36 when it cannot be read
 */
export async function readForm(
  request: IncomingMessage,
  bytesMax: number,
): Promise<ReadonlyMap<string, string> | null> {
  const contentType = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data/i.test(contentType)) return null;
  const parts: Uint8Array[] = [];
  let byteCount = 0;
  for await (const part of decodedBody(request)) {
    byteCount += part.length;
    if (byteCount > bytesMax) throw tooLong(bytesMax);
    parts.push(part);
  }
  try {
    const form = await new Response(Buffer.concat(parts), {
      headers: { 'Content-Type': contentType },
    }).formData();
    return new Map([...form].map(([name, value]) => [name, String(value)]));
  } catch (error) {
    throw new EngineFault(36, 'BAD_ARGUMENTS', `The form cannot be read: ${(error as Error).message}`);
  }
}

function tooLong(bytesMax: number): EngineFault {
  return new EngineFault(
    307,
    'TOO_MANY_BYTES',
    `The statement is longer than ${bytesMax} bytes; put long lists into a table`,
  );
}

/** Writes data to a file for the engine to read: bytes of a client are never part of a statement. */
export async function writeBody(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await pipeline(bytes, createWriteStream(path, { flags: 'wx', mode: 0o600, highWaterMark: 1024 * 1024 }));
}
