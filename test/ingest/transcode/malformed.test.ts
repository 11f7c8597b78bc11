import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasCode } from '../../../core/errors.ts';
import { SIGNALS, type Signal } from '../../../core/signal.ts';
import { jsonToProtobuf } from '../../../ingest/transcode/json-to-protobuf.ts';
import { SignalBatch } from '../../../ingest/transcode/signal-batch.ts';
import { runCount } from '../../run-count.ts';
import { logsRequest, metricsRequest, signalRequest, traceRequest } from './arbitrary-request.ts';
import { ARRIVAL, chunksOf, sealed } from './chunks-of.ts';
import { encodeRequest } from './otlp-types.ts';
import { toOtlpJson } from './to-otlp-json.ts';

/** Bytes that were a request once: cut, changed, doubled, or with rubbish in the middle. */
const mutation = fc.array(
  fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), kind: fc.nat(4), byte: fc.nat(255) }),
  { minLength: 1, maxLength: 4 },
);

function mutate(
  body: Uint8Array,
  mutations: readonly { at: number; kind: number; byte: number }[],
): Uint8Array {
  let bytes = Buffer.from(body);
  for (const { at, kind, byte } of mutations) {
    const place = Math.floor(at * bytes.length);
    const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
    if (kind === 0) bytes = Buffer.from(before);
    else if (kind === 1) bytes = Buffer.concat([before, Buffer.of(byte), after.subarray(1)]);
    else if (kind === 2) bytes = Buffer.concat([before, Buffer.of(byte), after]);
    else if (kind === 3) bytes = Buffer.concat([before, after.subarray(1)]);
    else bytes = Buffer.concat([before, after, after]);
  }
  return bytes;
}

/** Appends; a body that cannot be decoded must say so, and nothing else may be thrown. */
function appendOrMalformed(batch: SignalBatch, body: Uint8Array): boolean {
  try {
    batch.append(body, ARRIVAL);
    return true;
  } catch (error) {
    expect(hasCode(error, 'otlp_malformed'), String(error)).toBe(true);
    return false;
  }
}

const requestOf = { traces: traceRequest, metrics: metricsRequest, logs: logsRequest };

describe('a malformed body', () => {
  it.each(SIGNALS)('35: of %s is refused as such and leaves no trace', (signal: Signal) => {
    let refused = 0;
    const untouched = fc.property(
      fc.array(fc.tuple(requestOf[signal], mutation), { minLength: 1, maxLength: 5 }),
      (attempts) => {
        const batch = new SignalBatch(signal, { rowsPerChunkMax: 3 });
        const taken: Uint8Array[] = [];
        for (const [request, mutations] of attempts) {
          const whole = encodeRequest(signal, request);
          for (const body of [mutate(whole, mutations), whole]) {
            const before = { rows: batch.rowCount, bytes: batch.byteCount };
            if (appendOrMalformed(batch, body)) taken.push(body);
            else {
              refused++;
              expect({ rows: batch.rowCount, bytes: batch.byteCount }).toEqual(before);
            }
          }
        }
        const replay = new SignalBatch(signal, { rowsPerChunkMax: 3 });
        for (const body of taken) replay.append(body, ARRIVAL);
        expect(sealed(batch)).toEqual(sealed(replay));
      },
    );
    fc.assert(untouched, { numRuns: runCount({ suite: 100, long: 1_000 }) });
    expect(refused).toBeGreaterThan(50);
  });

  it('is refused wherever it is cut off inside a record', () => {
    const request = {
      resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'x', attributes: [{ key: 'k' }] }] }] }],
    };
    const body = encodeRequest('traces', request);
    const batch = new SignalBatch('traces');
    for (let length = 1; length < body.length; length++) {
      expect(appendOrMalformed(batch, body.subarray(0, length)), `${length} bytes`).toBe(false);
    }
    expect(batch.seal()).toEqual([]);
  });

  it('of random bytes is refused or holds nothing', () => {
    const batches = {
      traces: new SignalBatch('traces'),
      metrics: new SignalBatch('metrics'),
      logs: new SignalBatch('logs'),
    };
    const random = fc.property(
      fc.constantFrom(...SIGNALS),
      fc.uint8Array({ maxLength: 200 }),
      (signal, body) => {
        appendOrMalformed(batches[signal], body);
      },
    );
    fc.assert(random, { numRuns: runCount({ suite: 1_000, long: 30_000 }) });
  });

  it('35: of JSON is refused as such', () => {
    let refused = 0;
    const json = fc.property(signalRequest, mutation, ({ signal, request }, mutations) => {
      const body = mutate(Buffer.from(toOtlpJson(request)), mutations);
      try {
        new SignalBatch(signal).append(jsonToProtobuf(signal, body).body, ARRIVAL);
      } catch (error) {
        expect(hasCode(error, 'otlp_malformed'), String(error)).toBe(true);
        refused++;
      }
    });
    fc.assert(json, { numRuns: runCount({ suite: 500, long: 5_000 }) });
    expect(refused).toBeGreaterThan(100);
  });
});

describe('the same bodies in the same order', () => {
  it('make the same chunks, in a fresh batch and in one that was used', () => {
    const bodies = fc.array(traceRequest, { minLength: 1, maxLength: 6 });
    const same = fc.property(bodies, bodies, (earlier, requests) => {
      const used = new SignalBatch('traces');
      for (const request of earlier) used.append(encodeRequest('traces', request), ARRIVAL);
      used.seal();
      const encoded = requests.map((request) => encodeRequest('traces', request));
      for (const body of encoded) used.append(body, ARRIVAL);
      expect(sealed(used)).toEqual(chunksOf('traces', encoded).chunks);
    });
    fc.assert(same, { numRuns: runCount({ suite: 40, long: 1_000 }) });
  });
});

describe('a batch that has seen very many kinds of records', () => {
  it('still knows a record without attributes', () => {
    const ids = { traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 1) };
    const kinds = Array.from({ length: 2_000 }, (_, i) => ({
      ...ids,
      attributes: [{ key: `a${i}` }, { key: `b${i}` }],
    }));
    const body = (spans: object[]) =>
      encodeRequest('traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const used = new SignalBatch('traces');
    used.append(body(kinds), ARRIVAL);
    used.seal();
    used.append(body([ids]), ARRIVAL);
    expect(sealed(used)).toEqual(chunksOf('traces', [body([ids])]).chunks);
  });
});

describe('chunks', () => {
  it('hold every row once and never more than their limit', () => {
    const cut = fc.property(
      fc.array(metricsRequest, { maxLength: 8 }),
      fc.integer({ min: 1, max: 9 }),
      (requests, rowsPerChunkMax) => {
        const batch = new SignalBatch('metrics', { rowsPerChunkMax });
        let stored = 0;
        for (const request of requests) {
          const { itemCount, rejectedCount } = batch.append(encodeRequest('metrics', request), ARRIVAL);
          stored += itemCount - rejectedCount;
        }
        expect(batch.rowCount).toBe(stored);
        const inserts = batch.seal().filter(({ table }) => table !== 'tally_rejection');
        expect(inserts.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(stored);
        for (const { chunks, rowCount } of inserts) {
          // A Native block begins with its number of columns and of rows; both are below 128 here.
          const rows = chunks.map((chunk) => chunk[1] as number);
          expect(rows.reduce((sum, n) => sum + n, 0)).toBe(rowCount);
          expect(Math.max(...rows)).toBeLessThanOrEqual(rowsPerChunkMax);
          expect(chunks.length).toBe(Math.ceil(rowCount / rowsPerChunkMax));
        }
        expect(batch.rowCount).toBe(0);
      },
    );
    fc.assert(cut, { numRuns: runCount({ suite: 50, long: 1_500 }) });
  });
});
