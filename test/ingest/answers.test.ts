import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAILURES, type FailureCode, PipelineError } from '../../core/errors.ts';
import { BackOff } from '../../ingest/back-off.ts';
import { BodyBudget } from '../../ingest/body-budget.ts';
import { ingestConfigSchema } from '../../ingest/config.ts';
import { encodeExportResponse } from '../../ingest/export-response.ts';
import { grpcStatusHeaders } from '../../ingest/grpc/grpc-status-headers.ts';
import { retryAfterS } from '../../ingest/retry-after.ts';
import { asPipelineError, encodeRpcStatus, rpcStatusOf } from '../../ingest/rpc-status.ts';
import { shortenText } from '../../ingest/shorten-text.ts';
import { WarningLimiter } from '../../ingest/warning-limiter.ts';
import { decodeAnswer } from './decode-answer.ts';

describe('answers', () => {
  it('18: a long message is shortened, in whole characters, far below 4 MiB', () => {
    const message = 'é…😀'.repeat(10_000);
    const { length } = encodeExportResponse('traces', 'protobuf', { rejectedCount: 1, message });
    expect(length).toBeLessThan(5_000);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 3, max: 60 }), (text, bytesMax) => {
        const short = shortenText(text, bytesMax);
        expect(Buffer.byteLength(short)).toBeLessThanOrEqual(
          Math.max(bytesMax, Buffer.byteLength(text) <= bytesMax ? bytesMax : 3),
        );
        expect(text.startsWith(short.replace(/…$/, '')) || text === short).toBe(true);
      }),
    );
  });

  it('counts of any size survive', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.string(), (rejectedCount, message) => {
        const bytes = encodeExportResponse('logs', 'protobuf', { rejectedCount, message });
        const { partial_success: partial } = decodeAnswer('Response', bytes) as {
          partial_success?: { rejected?: number; error_message?: string };
        };
        expect(partial?.rejected ?? 0).toBe(rejectedCount);
        expect(partial?.error_message ?? '').toBe(message.toWellFormed());
      }),
    );
  });

  // What otel-proto's specification names, and nothing else, is sent again.
  const RETRYABLE_HTTP = new Set([429, 502, 503, 504]);
  const RETRYABLE_GRPC = new Set([1, 4, 10, 11, 14, 15]);
  /** Failures of the judge, the CLI and their kin have codes too, but no exporter ever sees them. */
  const OF_INGEST: readonly FailureCode[] = [
    'otlp_malformed',
    'otlp_too_large',
    'otlp_content_type',
    'otlp_content_encoding',
    'method_not_allowed',
    'not_found',
    'request_invalid',
    'request_timeout',
    'unauthenticated',
    'spool_full',
    'spool_unwritable',
    'disk_full',
    'overloaded',
    'draining',
    'store_unavailable',
    'internal',
  ];

  it.each(OF_INGEST)('37, 42: %s is retryable for a client exactly when it passes by itself', (code) => {
    const { httpStatus, grpcStatus, retryable } = FAILURES[code];
    expect(RETRYABLE_HTTP.has(httpStatus)).toBe(retryable);
    // A body that came too slowly may be sent again; only HTTP has no retryable word for it.
    expect(RETRYABLE_GRPC.has(grpcStatus)).toBe(retryable || code === 'request_timeout');
  });

  it.each([
    ['spool_full', 14, 503],
    ['otlp_malformed', 3, 400],
    ['internal', 13, 500],
    // What HTTP has a word of its own for keeps it: the Collector's 429, 404 and 500 would say less.
    ['otlp_too_large', 8, 413],
    ['method_not_allowed', 12, 405],
    ['otlp_content_encoding', 12, 415],
    ['not_found', 5, 404],
    ['unauthenticated', 16, 401],
    ['request_timeout', 4, 408],
  ] as const)('44: %s is %i in gRPC and %i in HTTP', (code, grpcStatus, httpStatus) => {
    expect(FAILURES[code]).toMatchObject({ grpcStatus, httpStatus });
  });

  it('42: what nobody foresaw is INTERNAL, and never a bare exception', () => {
    const failure = asPipelineError(new TypeError('secret detail'));
    expect(rpcStatusOf(failure, 3)).toMatchObject({ code: 13, retryAfterS: null });
    expect(failure.message).not.toContain('secret');
  });

  it('37, 40: a status brings RetryInfo exactly when its failure is retryable', () => {
    const codes = Object.keys(FAILURES) as FailureCode[];
    expect(codes.length).toBeGreaterThan(10);
    for (const code of codes) {
      const status = rpcStatusOf(new PipelineError(code, 'text'), 3);
      expect(status.retryAfterS !== null).toBe(FAILURES[code].retryable);
      const decoded = decodeAnswer('Status', encodeRpcStatus(status, 'protobuf'));
      expect(decoded).toMatchObject({ code: FAILURES[code].grpcStatus, message: 'text' });
    }
  });

  it('38: Retry-After is 1 to 5 whole seconds, evenly spread', () => {
    expect([0, 0.19, 0.2, 0.999].map((value) => retryAfterS(() => value))).toEqual([1, 1, 2, 5]);
    const waits = new Set(Array.from({ length: 200 }, () => retryAfterS(Math.random)));
    expect([...waits].sort()).toEqual([1, 2, 3, 4, 5]);
  });

  it('a gRPC message is printable ASCII and says the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (message) => {
        const headers = grpcStatusHeaders({ code: 3, message, badField: null, retryAfterS: null });
        expect(headers['grpc-message']).toMatch(/^[\x20-\x7e]*$/);
        expect(decodeURIComponent(headers['grpc-message'] ?? '')).toBe(message.toWellFormed());
      }),
    );
  });
});

describe('the warning limiter', () => {
  it('33: lets a warning through once a minute per source, whatever its numbers', () => {
    let nowMs = 0;
    const limiter = new WarningLimiter(() => nowMs);
    expect(limiter.due('a', ['3 spans are odd'])).toEqual(['3 spans are odd']);
    expect(limiter.due('a', ['4 spans are odd', 'another'])).toEqual(['another']);
    expect(limiter.due('b', ['5 spans are odd'])).toEqual(['5 spans are odd']);
    nowMs = 60_000;
    expect(limiter.due('a', ['6 spans are odd'])).toEqual(['6 spans are odd']);
  });

  it('forgets the oldest producers instead of growing for ever', () => {
    const limiter = new WarningLimiter(() => 0);
    for (let producer = 0; producer < 10_001; producer++) limiter.due(String(producer), ['w']);
    expect(limiter.due('10000', ['w'])).toEqual([]);
    expect(limiter.due('0', ['w'])).toEqual(['w']);
  });
});

it('the budget of bodies refuses above its bound and takes again what is given back', () => {
  const budget = new BodyBudget(100);
  budget.take(60);
  expect(() => budget.take(41)).toThrow(expect.objectContaining({ code: 'overloaded' }));
  budget.giveBack(60);
  budget.take(100);
  expect(budget.bytes).toBe(100);
});

it('waits double from 50 to 100 ms up to 5 to 10 s, and end with the signal', async () => {
  const stopping = new AbortController();
  const backOff = new BackOff({ random: () => 0, signal: stopping.signal });
  const startedAtMs = performance.now();
  await backOff.wait();
  await backOff.wait();
  expect(performance.now() - startedAtMs).toBeGreaterThan(140);
  const waiting = backOff.wait();
  stopping.abort();
  await expect(waiting).rejects.toThrow(/aborted/);
});

it('a configuration whose limits contradict each other is refused', () => {
  const parse = (over: object) => ingestConfigSchema.safeParse({ dataDir: 'x', ...over });
  expect(parse({}).data).toMatchObject({ bodyBytesMax: 67_108_864, inFlightBytesMax: 536_870_912 });
  expect(parse({ spoolBytesMax: 1_000 }).error?.issues[0]?.message).toMatch(/spoolBytesMax must hold/);
  expect(parse({ inFlightBytesMax: 1_000 }).error?.issues[0]?.message).toMatch(/inFlightBytesMax must hold/);
});
