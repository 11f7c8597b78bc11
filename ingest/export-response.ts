import type { Signal } from '../core/signal.ts';
import type { ContentType, ExportResult } from './export-request.ts';
import { shortenText } from './shorten-text.ts';
import { bytesField, varintField } from './write-protobuf.ts';

/** OTLP limits a response to 4 MiB; a text that people read has no use for that much. */
const MESSAGE_BYTES_MAX = 4_096;

const REJECTED_KEY: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
};

/**
 * An Export{Trace,Metrics,Logs}ServiceResponse. Full success is the empty message: zero bytes, `{}`; a warning
 * is a partial success with 0 rejected items and a message. The field numbers are the same for all signals.
 */
export function encodeExportResponse(signal: Signal, contentType: ContentType, result: ExportResult): Buffer {
  const message = shortenText(result.message, MESSAGE_BYTES_MAX);
  const full = result.rejectedCount === 0 && message === '';
  if (contentType === 'json') {
    // Protobuf's JSON mapping writes 64-bit integers as strings.
    const partialSuccess = { [REJECTED_KEY[signal]]: String(result.rejectedCount), errorMessage: message };
    return Buffer.from(JSON.stringify(full ? {} : { partialSuccess }));
  }
  if (full) return Buffer.alloc(0);
  const text = message === '' ? [] : [bytesField(2, message)];
  return bytesField(1, Buffer.concat([varintField(1, result.rejectedCount), ...text]));
}
