import { PipelineError } from '../../core/errors.ts';
import type { ContentEncoding } from '../export-request.ts';
import { tooLarge } from '../read-body.ts';

/** One byte "compressed", four bytes length, big endian. */
export const FRAME_HEADER_BYTES = 5;

export const GRPC_ENCODINGS: readonly ContentEncoding[] = ['identity', 'gzip', 'deflate', 'zstd'];

export interface GrpcMessage {
  readonly contentEncoding: ContentEncoding;
  readonly body: Buffer;
}

/** @throws PipelineError otlp_too_large, when the frame announces more than will be taken */
export function checkFrameLength(firstBytes: Buffer, bodyBytesMax: number): void {
  if (firstBytes.length < FRAME_HEADER_BYTES) return; // too early to tell; the limit on the body holds anyway
  if (firstBytes.readUInt32BE(1) > bodyBytesMax) throw tooLarge(bodyBytesMax);
}

/**
 * The one message of a unary call out of its length-prefixed frame, still compressed.
 * @param encoding the call's `grpc-encoding`
 * @throws PipelineError otlp_malformed, otlp_content_encoding
 */
export function parseFrame(frame: Buffer, encoding: string | undefined): GrpcMessage {
  if (frame.length < FRAME_HEADER_BYTES) throw malformed('it holds no message');
  const messageBytes = frame.readUInt32BE(1);
  const body = frame.subarray(FRAME_HEADER_BYTES);
  if (messageBytes !== body.length) {
    throw malformed(`its frame announces ${messageBytes} bytes, ${body.length} came`);
  }
  if (frame[0] === 0) return { contentEncoding: 'identity', body };
  const contentEncoding = GRPC_ENCODINGS.find((known) => known === encoding);
  if (frame[0] !== 1 || encoding === undefined || encoding === 'identity') {
    throw malformed('its message is marked as compressed, its grpc-encoding does not say how');
  }
  if (contentEncoding === undefined) {
    const text = `grpc-encoding is ${JSON.stringify(encoding)}; send gzip, deflate, zstd, or identity.`;
    throw new PipelineError('otlp_content_encoding', text);
  }
  return { contentEncoding, body };
}

function malformed(what: string): PipelineError {
  const text = `The call is not one message of an OTLP Export method: ${what}. Nothing of it was stored.`;
  return new PipelineError('otlp_malformed', text);
}
