import type { IncomingMessage } from 'node:http';
import { PipelineError } from '../../core/errors.ts';
import { SIGNALS, type Signal } from '../../core/signal.ts';
import type { ContentEncoding, ContentType } from '../export-request.ts';
import { tooLarge } from '../read-body.ts';

export interface RequestHead {
  readonly signal: Signal;
  readonly contentType: ContentType;
  readonly contentEncoding: ContentEncoding;
}

const MEDIA_TYPES: Readonly<Record<string, ContentType>> = {
  'application/x-protobuf': 'protobuf',
  'application/json': 'json',
};

const ENCODINGS: Readonly<Record<string, ContentEncoding>> = {
  '': 'identity',
  identity: 'identity',
  gzip: 'gzip',
  'x-gzip': 'gzip', // RFC 9110: equivalent to gzip
  deflate: 'deflate',
  zstd: 'zstd',
};

/** The signal whose path this is, whatever the method; null for every other path. */
export function signalOf(url: string | undefined): Signal | null {
  const path = (url ?? '').split('?', 1)[0];
  return SIGNALS.find((signal) => path === `/v1/${signal}`) ?? null;
}

/** The request's media type without its parameters, if it is one of OTLP's. */
export function contentTypeOf(request: IncomingMessage): ContentType | undefined {
  return MEDIA_TYPES[(request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''];
}

/** @throws PipelineError request_invalid, not_found, method_not_allowed, otlp_content_type, otlp_content_encoding, otlp_too_large */
export function readHead(request: IncomingMessage, bodyBytesMax: number): RequestHead {
  if (request.headers.host === undefined && request.httpVersion === '1.1') {
    throw new PipelineError('request_invalid', 'The Host header is missing; HTTP/1.1 asks for one.');
  }
  const signal = signalOf(request.url);
  if (signal === null) {
    const text = `There is nothing at this path; OTLP is taken at POST /v1/traces, /v1/metrics and /v1/logs.`;
    throw new PipelineError('not_found', text);
  }
  if (request.method !== 'POST') {
    const text = `/v1/${signal} takes POST, not ${request.method}.`;
    throw new PipelineError('method_not_allowed', text);
  }
  const contentType = contentTypeOf(request);
  if (contentType === undefined) {
    const text = `Content-Type is ${quoted(request.headers['content-type'])}; send application/x-protobuf or application/json.`;
    throw new PipelineError('otlp_content_type', text);
  }
  const contentEncoding = ENCODINGS[(request.headers['content-encoding'] ?? '').trim().toLowerCase()];
  if (contentEncoding === undefined) {
    const text = `Content-Encoding is ${quoted(request.headers['content-encoding'])}; send gzip, zstd, deflate, or none.`;
    throw new PipelineError('otlp_content_encoding', text);
  }
  if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) throw tooLarge(bodyBytesMax);
  return { signal, contentType, contentEncoding };
}

function quoted(header: string | undefined): string {
  return header === undefined ? 'missing' : JSON.stringify(header.slice(0, 100));
}
