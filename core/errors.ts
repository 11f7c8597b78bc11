/**
 * A failure is a code plus facts; what it means to a caller is one table.
 * `httpStatus` and `grpcStatus` are the meaning on the wire as OTLP defines it: a wrong `retryable`
 * makes exporters loop or lose data. `exitCode` is what a command of ours ends with.
 */
export const FAILURES = {
  otlp_malformed: { httpStatus: 400, grpcStatus: 3, retryable: false, exitCode: 1 },
  otlp_too_large: { httpStatus: 413, grpcStatus: 8, retryable: false, exitCode: 1 },
  otlp_content_type: { httpStatus: 415, grpcStatus: 3, retryable: false, exitCode: 1 },
  otlp_content_encoding: { httpStatus: 415, grpcStatus: 12, retryable: false, exitCode: 1 },
  method_not_allowed: { httpStatus: 405, grpcStatus: 12, retryable: false, exitCode: 1 },
  not_found: { httpStatus: 404, grpcStatus: 5, retryable: false, exitCode: 1 },
  request_invalid: { httpStatus: 400, grpcStatus: 3, retryable: false, exitCode: 2 },
  finding_closed: { httpStatus: 409, grpcStatus: 9, retryable: false, exitCode: 1 },
  reference_changed: { httpStatus: 409, grpcStatus: 10, retryable: false, exitCode: 1 },
  request_timeout: { httpStatus: 408, grpcStatus: 4, retryable: false, exitCode: 1 },
  unauthenticated: { httpStatus: 401, grpcStatus: 16, retryable: false, exitCode: 1 },
  spool_full: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 1 },
  spool_unwritable: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 6 },
  overloaded: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 1 },
  draining: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 1 },
  store_unavailable: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 1 },
  store_refused: { httpStatus: 502, grpcStatus: 13, retryable: false, exitCode: 1 },
  ledger_unwritable: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 6 },
  config_invalid: { httpStatus: 400, grpcStatus: 3, retryable: false, exitCode: 2 },
  constraints_invalid: { httpStatus: 400, grpcStatus: 3, retryable: false, exitCode: 2 },
  api_unavailable: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 1 },
  webhook_unavailable: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 1 },
  webhook_refused: { httpStatus: 502, grpcStatus: 13, retryable: false, exitCode: 1 },
  queue_unavailable: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 1 },
  role_failed: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 1 },
  port_taken: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 3 },
  data_dir_locked: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 4 },
  data_dir_unwritable: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 5 },
  internal: { httpStatus: 500, grpcStatus: 13, retryable: false, exitCode: 1 },
  disk_full: { httpStatus: 503, grpcStatus: 14, retryable: true, exitCode: 6 },
} as const;

export type FailureCode = keyof typeof FAILURES;

export type FailureFacts = Readonly<Record<string, string | number>>;

/** The one error class: callers, metrics and tests match `code`, never the message. */
export class PipelineError extends Error {
  readonly code: FailureCode;
  readonly facts: FailureFacts;

  /** @param message one sentence for a person: what happened, where, and what to do. */
  constructor(code: FailureCode, message: string, facts: FailureFacts = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'PipelineError';
    this.code = code;
    this.facts = facts;
  }
}

/** True for our own error with this code, also across realms and processes: the code decides, not the class. */
export function hasCode(error: unknown, code: FailureCode): boolean {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === code;
}
