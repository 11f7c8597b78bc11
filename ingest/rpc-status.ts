import { FAILURES, PipelineError } from '../core/errors.ts';
import type { ContentType } from './export-request.ts';
import { shortenText } from './shorten-text.ts';
import { bytesField, varintField } from './write-protobuf.ts';

const MESSAGE_BYTES_MAX = 4_096;
const TYPE_URL = 'type.googleapis.com/google.rpc.';

/** A google.rpc.Status: the body of every refusal, and the details of a gRPC one. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  /** The field at fault, for data that is malformed. */
  readonly badField: string | null;
  /** When to come back; its absence tells gRPC clients not to retry RESOURCE_EXHAUSTED. */
  readonly retryAfterS: number | null;
}

export function rpcStatusOf(error: PipelineError, retryAfterS: number | null): RpcStatus {
  const { field, path } = error.facts;
  return {
    code: FAILURES[error.code].grpcStatus,
    message: shortenText(error.message, MESSAGE_BYTES_MAX),
    badField: error.code === 'otlp_malformed' ? String(path ?? field ?? 'body') : null,
    retryAfterS: FAILURES[error.code].retryable ? retryAfterS : null,
  };
}

/** What nobody foresaw becomes `internal`: the sender learns no more than that. */
export function asPipelineError(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  const text = 'Plumbline failed to process this request; its log says why. Please report it.';
  return new PipelineError('internal', text, {}, error);
}

export function encodeRpcStatus(status: RpcStatus, contentType: ContentType): Buffer {
  return contentType === 'json' ? encodeJson(status) : encodeProtobuf(status);
}

function encodeJson({ code, message, badField, retryAfterS }: RpcStatus): Buffer {
  const details = [];
  if (badField !== null) {
    const fieldViolations = [{ field: badField, description: message }];
    details.push({ '@type': `${TYPE_URL}BadRequest`, fieldViolations });
  }
  if (retryAfterS !== null) details.push({ '@type': `${TYPE_URL}RetryInfo`, retryDelay: `${retryAfterS}s` });
  return Buffer.from(JSON.stringify(details.length === 0 ? { code, message } : { code, message, details }));
}

function encodeProtobuf({ code, message, badField, retryAfterS }: RpcStatus): Buffer {
  const parts = [varintField(1, code), bytesField(2, message)];
  if (badField !== null) {
    const violation = Buffer.concat([bytesField(1, badField), bytesField(2, message)]);
    parts.push(anyField('BadRequest', bytesField(1, violation)));
  }
  if (retryAfterS !== null) parts.push(anyField('RetryInfo', bytesField(1, varintField(1, retryAfterS))));
  return Buffer.concat(parts);
}

/** Status.details = 3, a google.protobuf.Any: type_url = 1, value = 2. */
function anyField(type: string, value: Buffer): Buffer {
  return bytesField(3, Buffer.concat([bytesField(1, `${TYPE_URL}${type}`), bytesField(2, value)]));
}
