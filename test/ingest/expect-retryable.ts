import { expect } from 'vitest';
import { decodeAnswer } from './decode-answer.ts';
import type { GrpcAnswer } from './grpc/call.ts';
import type { Answer } from './http/post.ts';

const UNAVAILABLE = 14;

/** A refusal over HTTP that every OTLP client repeats: 503, Retry-After of 1 to 5 s, a google.rpc.Status. */
export function expectRetryableHttp({ status, headers, body }: Answer): void {
  expect(status).toBe(503);
  expect(headers['retry-after']).toMatch(/^[1-5]$/);
  expect(decodeAnswer('Status', body)).toMatchObject({ code: UNAVAILABLE, message: expect.any(String) });
}

/** The same over gRPC: UNAVAILABLE, RetryInfo of 1 to 5 s. */
export function expectRetryableGrpc({ code, status }: GrpcAnswer): void {
  expect(code).toBe(UNAVAILABLE);
  const { details } = decodeAnswer('Status', status ?? Buffer.alloc(0)) as { details: { value: Buffer }[] };
  const { retry_delay } = decodeAnswer('RetryInfo', details[0]?.value ?? Buffer.alloc(0)) as {
    retry_delay: { seconds: number };
  };
  expect(retry_delay.seconds).toSatisfy((seconds: number) => seconds >= 1 && seconds <= 5);
}
