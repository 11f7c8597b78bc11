import type { Signal } from '../core/signal.ts';
import type { EncodedBody } from './export-request.ts';
import type { Inflater } from './inflate.ts';
import { jsonToProtobuf } from './transcode/json-to-protobuf.ts';

export interface DecodedBody {
  /** An Export{Trace,Metrics,Logs}ServiceRequest in protobuf. */
  readonly body: Uint8Array;
  readonly warnings: readonly string[];
}

/**
 * From what the client sent to what the walk takes; a replay comes the same way as the request did.
 * @throws PipelineError otlp_malformed, otlp_too_large
 */
export async function decodeBody(
  signal: Signal,
  encoded: EncodedBody,
  inflater: Inflater,
): Promise<DecodedBody> {
  const body = await inflater.inflate(encoded.body, encoded.contentEncoding);
  return encoded.contentType === 'json' ? jsonToProtobuf(signal, body) : { body, warnings: [] };
}
