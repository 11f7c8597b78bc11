import { PipelineError } from '../../core/errors.ts';
import type { Signal } from '../../core/signal.ts';
import { Inflater } from '../../ingest/inflate.ts';
import { jsonToProtobuf } from '../../ingest/transcode/json-to-protobuf.ts';
import { encodingOf } from './encoding-of.ts';
import { type ItemTimes, itemTimes } from './item-times.ts';
import { looksLikeJson } from './looks-like-json.ts';
import { signalOfJson, signalOfProtobuf } from './signal-of.ts';
import { MESSAGE_BYTES_MAX } from './split-messages.ts';

/** One request as it stood in a file. */
export interface Message {
  readonly signal: Signal;
  /** In protobuf. */
  readonly body: Uint8Array;
  readonly times: ItemTimes | null;
}

const inflater = new Inflater({ bytesMax: MESSAGE_BYTES_MAX });

/**
 * What a part of a file is, whatever its form: JSON or protobuf, and compressed or not (the Collector compresses each message).
 * @returns null when it is a request without items
 * @throws PipelineError otlp_malformed, otlp_too_large
 */
export async function decodeMessage(bytes: Buffer): Promise<Message | null> {
  const body = Buffer.from(await inflater.inflate(bytes, encodingOf(bytes)));
  if (!looksLikeJson(body)) {
    const signal = signalOfProtobuf(body);
    return signal === null ? null : { signal, body, times: itemTimes(signal, body) };
  }
  const signal = signalOfJson(body);
  if (signal === null) throw notOtlp();
  const { body: protobuf } = jsonToProtobuf(signal, body);
  return { signal, body: protobuf, times: itemTimes(signal, protobuf) };
}

function notOtlp(): PipelineError {
  const text = 'it is JSON without resourceSpans, resourceMetrics or resourceLogs';
  return new PipelineError('otlp_malformed', text);
}
