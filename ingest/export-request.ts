import type { Signal } from '../core/signal.ts';

/** The order is the number in a spool record's header: append, never reorder. */
export const CONTENT_TYPES = ['protobuf', 'json'] as const;
export type ContentType = (typeof CONTENT_TYPES)[number];

/** The order is the number in a spool record's header: append, never reorder. */
export const CONTENT_ENCODINGS = ['identity', 'gzip', 'zstd', 'deflate'] as const;
export type ContentEncoding = (typeof CONTENT_ENCODINGS)[number];

/** The client's bytes as they came, and what they are. */
export interface EncodedBody {
  readonly contentType: ContentType;
  readonly contentEncoding: ContentEncoding;
  readonly body: Uint8Array;
}

/** One Export call of either transport, after its headers were checked and before its body was read into. */
export interface ExportRequest extends EncodedBody {
  readonly signal: Signal;
  readonly transport: TransportName;
}

export type TransportName = 'http' | 'grpc';

/** What the client is told: a count above 0 or a message makes it a partial success. */
export interface ExportResult {
  readonly rejectedCount: number;
  readonly message: string;
}
