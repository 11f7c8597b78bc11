import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { randomFrom } from '../../../core/random-from.ts';
import { SIGNALS, type Signal } from '../../../core/signal.ts';
import type { ContentEncoding, ContentType, EncodedBody } from '../../../ingest/export-request.ts';
import { exportJson, exportProtobuf } from '../export-body.ts';
import { logsRequest, metricsRequest, traceRequest } from '../transcode/arbitrary-request.ts';
import { encodeRequest } from '../transcode/otlp-types.ts';
import { toOtlpJson } from '../transcode/to-otlp-json.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import { mutateProtobuf } from './mutate-protobuf.ts';
import { Pick } from './pick.ts';

export interface FuzzedBody extends EncodedBody {
  readonly signal: Signal;
  readonly body: Buffer;
}

const SAMPLES = 150;
/** Shorter ones hold no items: there is nothing in them to be broken. */
const VALID_BYTES_MIN = 250;
const BODY_BYTES_MAX = 65_536;
const COMPRESS = { gzip: gzipSync, deflate: deflateSync, zstd: zstdCompressSync } as const;
const MUTATE = { protobuf: mutateProtobuf, json: mutateJson } as const;

/**
 * Requests that were valid once, mutated; body `index` of a seed is always the same, so a failure is replayed by its
 * seed and index alone.
 */
export class FuzzedBodies {
  readonly seed: number;
  readonly #valid: Readonly<Record<Signal, Readonly<Record<ContentType, readonly Buffer[]>>>>;

  constructor(seed: number) {
    this.seed = seed;
    const sample = <T>(of: fc.Arbitrary<T>) => fc.sample(of, { numRuns: SAMPLES, seed });
    const requests = {
      traces: sample(traceRequest),
      metrics: sample(metricsRequest),
      logs: sample(logsRequest),
    };
    const validOf = (signal: Signal) => ({
      protobuf: [
        ...long(requests[signal].map((request) => Buffer.from(encodeRequest(signal, request)))),
        exportProtobuf(signal, { valid: 20, invalid: 2 }),
      ],
      json: [
        ...long(requests[signal].map((request) => Buffer.from(toOtlpJson(request)))),
        Buffer.from(exportJson(signal, { valid: 20, invalid: 2 })),
      ],
    });
    this.#valid = { traces: validOf('traces'), metrics: validOf('metrics'), logs: validOf('logs') };
  }

  at(index: number): FuzzedBody {
    const pick = new Pick(randomFrom(Math.imul(this.seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)));
    const signal = pick.of(SIGNALS);
    const contentType: ContentType = pick.chance(0.65) ? 'protobuf' : 'json';
    const valid = this.#valid[signal][contentType];
    let body = pick.of(valid);
    for (let count = pick.below(3); count >= 0; count--) {
      const mutated = MUTATE[contentType](pick, body, pick.of(valid));
      if (mutated.length <= BODY_BYTES_MAX) body = mutated;
    }
    const encoded = pick.chance(0.2)
      ? compress(pick, body)
      : ({ contentEncoding: 'identity', body } as const);
    return { signal, contentType, ...encoded };
  }
}

function long(bodies: readonly Buffer[]): Buffer[] {
  return bodies.filter(({ length }) => length >= VALID_BYTES_MIN);
}

/** Whole, or spoilt on its way, or under another name. */
function compress(pick: Pick, body: Buffer): { contentEncoding: ContentEncoding; body: Buffer } {
  const contentEncoding = pick.of(['gzip', 'deflate', 'zstd'] as const);
  const whole = COMPRESS[contentEncoding](body);
  if (pick.chance(0.5)) return { contentEncoding, body: whole };
  const spoilt = pick.chance(0.2) ? Buffer.concat([whole, whole]) : mutateBytes(pick, whole, whole);
  return { contentEncoding: pick.chance(0.9) ? contentEncoding : 'zstd', body: spoilt };
}
