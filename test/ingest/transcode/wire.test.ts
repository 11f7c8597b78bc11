import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasCode } from '../../../core/errors.ts';
import { SignalBatch } from '../../../ingest/transcode/signal-batch.ts';
import { logsRequest, metricsRequest, signalRequest, traceRequest } from './arbitrary-request.ts';
import { ARRIVAL, chunksOf } from './chunks-of.ts';
import { encodeMessage, encodeRequest, requestType } from './otlp-types.ts';
import { message, rewriteMessage } from './rewrite-message.ts';

const TRACE_ID = Buffer.alloc(16, 1);
const SPAN_ID = Buffer.alloc(8, 2);

/** A request of one span, from the span's bytes. */
const requestAround = (span: Uint8Array): Uint8Array => message(1, message(2, message(2, span)));

describe('protobuf', () => {
  it('48, 50, 51: may split singular messages, leave scalars unpacked and carry unknown fields of all wire types', () => {
    const same = fc.property(signalRequest, ({ signal, request }) => {
      const body = encodeRequest(signal, request);
      const rewritten = rewriteMessage(requestType(signal), body);
      expect(rewritten.length).toBeGreaterThan(body.length);
      expect(chunksOf(signal, [rewritten])).toEqual(chunksOf(signal, [body]));
    });
    fc.assert(same, { numRuns: 400 });
  });

  it('49: requests written one after the other are one request', () => {
    const merged = fc.property(
      fc.oneof(
        fc.tuple(fc.constant('traces' as const), traceRequest, traceRequest),
        fc.tuple(fc.constant('metrics' as const), metricsRequest, metricsRequest),
        fc.tuple(fc.constant('logs' as const), logsRequest, logsRequest),
      ),
      ([signal, left, right]) => {
        const parts = [encodeRequest(signal, left), encodeRequest(signal, right)];
        const together = chunksOf(signal, [Buffer.concat(parts)]);
        const apart = chunksOf(signal, parts);
        const rows = (chunks: string[]) => chunks.filter((chunk) => !chunk.startsWith('tally_rejection'));
        // Of one body there is one tally per reason; rows do not see how many bodies they came in.
        expect(rows(together.chunks)).toEqual(rows(apart.chunks));
        const items = (judged: readonly { itemCount: number }[]) =>
          judged.reduce((sum, { itemCount }) => sum + itemCount, 0);
        expect(items(together.judged)).toBe(items(apart.judged));
      },
    );
    fc.assert(merged, { numRuns: 100 });
  });

  it('fields may come in any order', () => {
    const parts = [
      encodeMessage('Span', { flags: 257, name: 'late', startTimeUnixNano: 1n, endTimeUnixNano: 2n }),
      encodeMessage('Span', { attributes: [{ key: 'b', value: { stringValue: 'x' } }], kind: 3 }),
      encodeMessage('Span', { events: [{ name: 'e' }] }),
      encodeMessage('Span', { spanId: SPAN_ID, traceId: TRACE_ID }),
    ];
    const forwards = chunksOf('traces', [requestAround(Buffer.concat(parts))]);
    const backwards = chunksOf('traces', [requestAround(Buffer.concat([...parts].reverse()))]);
    expect(backwards).toEqual(forwards);
    expect(forwards.judged[0]).toMatchObject({ itemCount: 1, rejectedCount: 0, warnings: [] });
  });

  it('a resource and a scope may stand behind what they describe', () => {
    const resource = message(
      1,
      encodeMessage('Resource', { attributes: [{ key: 'service.name', value: { stringValue: 's' } }] }),
    );
    const scope = message(1, encodeMessage('InstrumentationScope', { name: 'scope' }));
    const span = message(2, encodeMessage('Span', { traceId: TRACE_ID, spanId: SPAN_ID }));
    const rejected = message(2, encodeMessage('Span', { traceId: TRACE_ID }));
    const first = message(1, Buffer.concat([resource, message(2, Buffer.concat([scope, span, rejected]))]));
    const last = message(1, Buffer.concat([message(2, Buffer.concat([span, rejected, scope])), resource]));
    const forwards = chunksOf('traces', [first]);
    expect(chunksOf('traces', [last])).toEqual(forwards);
    expect(forwards.judged[0]?.rejections).toEqual([
      { reason: 'span_id_invalid', items: 1, serviceName: 's' },
    ]);
  });

  it('schema URLs behind the items reach every chunk of them', () => {
    const span = { traceId: TRACE_ID, spanId: SPAN_ID };
    const urls = {
      schemaUrl: 'https://r',
      scopeSpans: [{ schemaUrl: 'https://s', spans: Array(10).fill(span) }, { spans: [span] }],
    };
    const batch = new SignalBatch('traces', { rowsPerChunkMax: 4 });
    batch.append(encodeRequest('traces', { resourceSpans: [urls] }), ARRIVAL);
    const chunks = (batch.seal()[0]?.chunks ?? []).map((chunk) => Buffer.from(chunk).toString('latin1'));
    expect(chunks).toHaveLength(3);
    for (const chunk of chunks)
      expect([chunk.includes('https://r'), chunk.includes('https://s')]).toEqual([true, true]);
  });

  it('51: of a oneof the last member counts', () => {
    const both = Buffer.concat([
      encodeMessage('AnyValue', { arrayValue: { values: [{ boolValue: true }] } }),
      encodeMessage('AnyValue', { intValue: 4n }),
      encodeMessage('AnyValue', { stringValue: 'lost' }),
      encodeMessage('AnyValue', { stringValue: 'kept' }),
    ]);
    const withBody = (value: Uint8Array) => message(1, message(2, message(2, message(5, value))));
    const kept = chunksOf('logs', [withBody(encodeMessage('AnyValue', { stringValue: 'kept' }))]);
    expect(chunksOf('logs', [withBody(both)])).toEqual(kept);
  });

  it('48: knows a field by its wire type too', () => {
    const span = encodeMessage('Span', { traceId: TRACE_ID, spanId: SPAN_ID, name: 'n' });
    const nameAsVarint = Buffer.from([0x28, 0x05]);
    const same = chunksOf('traces', [requestAround(Buffer.concat([nameAsVarint, span]))]);
    expect(same).toEqual(chunksOf('traces', [requestAround(span)]));
  });

  it.each([
    ['a varint of eleven bytes', '30ffffffffffffffffffff01'],
    ['a varint that does not end', '30ff'],
    ['field number 0', '0001'],
    ['an end of a group that never began', '0c'],
    ['a group without an end', '0b0801'],
    ['a group with the wrong end', '0b14'],
    ['wire type 7', '0f'],
    ['text longer than its message', '2a7f'],
    ['a length of 2^63', '2affffffffffffffff7f'],
    ['a fixed64 of seven bytes', '3901020304050607'],
  ])('35: refuses %s', (_, hex) => {
    const batch = new SignalBatch('traces');
    const body = requestAround(Buffer.from(hex, 'hex'));
    let refusal: unknown;
    try {
      batch.append(body, ARRIVAL);
    } catch (error) {
      refusal = error;
    }
    expect(hasCode(refusal, 'otlp_malformed')).toBe(true);
    expect(batch.seal()).toEqual([]);
  });

  it('24: of an empty body or empty envelopes holds nothing', () => {
    const envelopes = [
      new Uint8Array(0),
      message(1, new Uint8Array(0)),
      message(1, message(2, new Uint8Array(0))),
      encodeRequest('traces', { resourceSpans: [{ resource: { attributes: [{ key: 'service.name' }] } }] }),
    ];
    const { chunks, judged } = chunksOf('traces', envelopes);
    expect(chunks).toEqual([]);
    expect(judged).toEqual(
      envelopes.map(() => ({
        itemCount: 0,
        rejectedCount: 0,
        rejections: [],
        warnings: [],
        serviceName: '',
      })),
    );
  });
});
