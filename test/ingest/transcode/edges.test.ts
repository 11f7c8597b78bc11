import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANOMALY } from '../../../core/anomaly.ts';
import { jsonToProtobuf } from '../../../ingest/transcode/json-to-protobuf.ts';
import { SignalBatch } from '../../../ingest/transcode/signal-batch.ts';
import { startTestEngine, type TestEngine } from '../../engine-process.ts';
import { ARRIVAL } from './chunks-of.ts';
import type { KeyValue, MetricsRequest, Span, TraceRequest, Value } from './otlp-model.ts';
import { encodeRequest } from './otlp-types.ts';
import { storedRows } from './stored-rows.ts';
import { toOtlpJson } from './to-otlp-json.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: [] });
});
afterAll(() => engine.close());

const TRACE_ID = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const SPAN_ID = Buffer.from('f0e0d0c0b0a09080', 'hex');
const good: Span = {
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  name: 'good',
  startTimeUnixNano: 1n,
  endTimeUnixNano: 3n,
};

const identity = (name: string): KeyValue[] => [
  { key: 'service.name', value: { stringValue: name } },
  { key: 'service.namespace', value: { stringValue: 'shop' } },
  { key: 'service.instance.id', value: { intValue: 7n } },
];
const spansOf = (service: string, spans: Span[]): TraceRequest => ({
  resourceSpans: [{ resource: { attributes: identity(service) }, scopeSpans: [{ spans }] }],
});

/** A value inside `depth - 1` arrays. */
function nested(depth: number): Value {
  let value: Value = { boolValue: true };
  for (let level = 1; level < depth; level++) value = { arrayValue: { values: [value] } };
  return value;
}
const deep = (depth: number): Span => ({
  ...good,
  name: `${depth}`,
  attributes: [{ key: 'deep', value: nested(depth) }],
});

describe('rejected records', () => {
  it('31, 32: are counted by source and reason, while their neighbours are stored', async () => {
    const tenant = 'rejections';
    const batch = new SignalBatch('traces');
    const zeros = new Uint8Array(16);
    const request = {
      resourceSpans: [
        ...(spansOf('cart', [
          { ...good, traceId: zeros },
          good,
          { ...good, traceId: TRACE_ID.subarray(1) },
          { ...good, spanId: zeros.subarray(8) },
          deep(65),
        ]).resourceSpans ?? []),
        ...(spansOf('pay', [{ ...good, spanId: undefined }]).resourceSpans ?? []),
      ],
    };
    const judged = batch.append(encodeRequest('traces', request), { ...ARRIVAL, tenant });
    expect(judged).toEqual({
      itemCount: 6,
      rejectedCount: 5,
      rejections: [
        { reason: 'trace_id_invalid', items: 2, serviceName: 'cart' },
        { reason: 'span_id_invalid', items: 1, serviceName: 'cart' },
        { reason: 'value_too_deep', items: 1, serviceName: 'cart' },
        { reason: 'span_id_invalid', items: 1, serviceName: 'pay' },
      ],
      warnings: [],
      serviceName: 'cart',
    });
    const { otel_traces: spans, tally_rejection: tallies } = await storedRows(engine, batch.seal(), tenant);
    expect(spans).toEqual([
      expect.objectContaining({ SpanName: 'good', ServiceName: 'cart', ServiceInstanceId: '7' }),
    ]);
    const common = {
      ReceivedAt: `${ARRIVAL.receivedAtMs}`,
      ServiceNamespace: 'shop',
      ServiceInstanceId: '7',
      Signal: 'traces',
    };
    expect(tallies).toHaveLength(4);
    expect(tallies).toContainEqual({
      ...common,
      Tenant: tenant,
      ServiceName: 'cart',
      Reason: 'trace_id_invalid',
      Items: '2',
    });
    expect(tallies).toContainEqual({
      ...common,
      Tenant: tenant,
      ServiceName: 'pay',
      Reason: 'span_id_invalid',
      Items: '1',
    });
  });

  it('30, 58: among data points are counted by point, not by metric', () => {
    const points = [
      { asInt: 1n, timeUnixNano: 1n },
      { asDouble: 2, timeUnixNano: 1n },
    ];
    const request: MetricsRequest = {
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [
                { name: 'no temporality', sum: { dataPoints: points } },
                {
                  name: 'no value',
                  gauge: { dataPoints: [{ timeUnixNano: 1n }, { flags: 1, timeUnixNano: 1n }] },
                },
                {
                  name: 'misfit',
                  histogram: {
                    aggregationTemporality: 2,
                    dataPoints: [{ bucketCounts: [1n], explicitBounds: [1, 2], timeUnixNano: 1n }],
                  },
                },
                { name: 'no data' },
              ],
            },
          ],
        },
      ],
    };
    const judged = new SignalBatch('metrics').append(encodeRequest('metrics', request), ARRIVAL);
    expect(judged).toEqual({
      itemCount: 5,
      rejectedCount: 4,
      rejections: [
        { reason: 'temporality_unset', items: 2, serviceName: '' },
        { reason: 'value_missing', items: 1, serviceName: '' },
        { reason: 'buckets_misfit', items: 1, serviceName: '' },
      ],
      warnings: [expect.stringContaining('without data')],
      serviceName: '',
    });
  });

  it('of a resource that cannot be stored are all of its records', () => {
    const attributes = [{ key: 'deep', value: nested(65) }];
    const spans = { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [good, good] }] }] };
    const traces = new SignalBatch('traces').append(encodeRequest('traces', spans), ARRIVAL);
    expect(traces).toMatchObject({ itemCount: 2, rejections: [{ reason: 'value_too_deep', items: 2 }] });
    const logs = { resourceLogs: [{ scopeLogs: [{ scope: { attributes }, logRecords: [{}] }] }] };
    const records = new SignalBatch('logs').append(encodeRequest('logs', logs), ARRIVAL);
    expect(records).toMatchObject({ itemCount: 1, rejections: [{ reason: 'value_too_deep', items: 1 }] });
  });
});

describe('nested values', () => {
  it('55: are stored to a depth of 64, in protobuf and in JSON, and no deeper', async () => {
    const request = spansOf('deep', [deep(64), deep(65), deep(120), deep(2)]);
    const json = Buffer.from(toOtlpJson(request));
    const bodies = [encodeRequest('traces', request), jsonToProtobuf('traces', json).body];
    for (const [i, body] of bodies.entries()) {
      const tenant = `deep-${i}`;
      const batch = new SignalBatch('traces');
      const { itemCount, rejectedCount } = batch.append(body, { ...ARRIVAL, tenant });
      expect({ itemCount, rejectedCount }).toEqual({ itemCount: 4, rejectedCount: 2 });
      const { otel_traces: spans } = await storedRows(engine, batch.seal(), tenant);
      const values = (spans as { SpanAttributes: [string, string][] }[]).map(
        (row) => row.SpanAttributes[0]?.[1],
      );
      expect(values.sort()).toEqual([`${'['.repeat(63)}true${']'.repeat(63)}`, '[true]'].sort());
    }
  });
});

describe('text that is not UTF-8', () => {
  it('56: is stored with its broken bytes replaced, and marked', async () => {
    const tenant = 'utf8';
    const body = Buffer.from(
      encodeRequest('traces', {
        resourceSpans: [
          {
            resource: { attributes: [{ key: 'host', value: { stringValue: 'h~' } }] },
            scopeSpans: [{ spans: [{ ...good, name: 'fine' }] }],
          },
          {
            scopeSpans: [
              {
                spans: [
                  {
                    ...good,
                    name: 'n~',
                    attributes: [
                      { key: 'k~', value: { stringValue: 'v~' } },
                      { key: 'x', value: { arrayValue: { values: [{ stringValue: '~' }] } } },
                    ],
                  },
                  { ...good, name: 'after' },
                ],
              },
            ],
          },
        ],
      }),
    );
    // Only now is it wrong: no encoder writes it on purpose.
    const broken = body.map((byte) => (byte === 0x7e ? 0xff : byte));
    const batch = new SignalBatch('traces');
    const judged = batch.append(broken, { ...ARRIVAL, tenant });
    expect(judged.warnings).toEqual([expect.stringMatching(/^2 spans .*not UTF-8/)]);
    const { otel_traces: spans } = await storedRows(engine, batch.seal(), tenant);
    expect(spans).toHaveLength(3);
    expect(spans).toContainEqual(
      expect.objectContaining({
        SpanName: 'n\ufffd',
        SpanAttributes: [
          ['k\ufffd', 'v\ufffd'],
          ['x', '["\ufffd"]'],
        ],
        Anomalies: ANOMALY.invalidUtf8,
      }),
    );
    expect(spans).toContainEqual(
      expect.objectContaining({
        SpanName: 'fine',
        ResourceAttributes: [['host', 'h\ufffd']],
        Anomalies: ANOMALY.invalidUtf8,
      }),
    );
    expect(spans).toContainEqual(expect.objectContaining({ SpanName: 'after', Anomalies: 0 }));
  });
});

describe('long lists', () => {
  it('of attributes are sorted too, and dictionaries hold more than a byte can count', async () => {
    const tenant = 'wide';
    const keys = Array.from({ length: 700 }, (_, i) => `key-${(i * 7919) % 700}`);
    const attributes = keys.map((key) => ({ key, value: { stringValue: key.toUpperCase() } }));
    const batch = new SignalBatch('traces');
    const named = Array.from({ length: 400 }, (_, i) => ({ ...good, name: `name ${i}` }));
    batch.append(
      encodeRequest('traces', spansOf('wide', [{ ...good, name: 'wide', attributes }, ...named])),
      { ...ARRIVAL, tenant },
    );
    const { otel_traces: spans } = await storedRows(engine, batch.seal(), tenant);
    const rows = spans as { SpanName: string; SpanAttributes: [string, string][] }[];
    expect(new Set(rows.map((row) => row.SpanName)).size).toBe(401);
    const wide = rows.find((row) => row.SpanName === 'wide')?.SpanAttributes;
    expect(wide).toEqual([...keys].sort().map((key) => [key, key.toUpperCase()]));
  });

  it('of keys may grow dictionaries past two bytes', async () => {
    const tenant = 'very-wide';
    const spans = Array.from({ length: 70 }, (_, i) => ({
      ...good,
      name: `${i}`,
      attributes: Array.from({ length: 1_000 }, (__, j) => ({
        key: `k${i}-${j}`,
        value: { intValue: BigInt(j) },
      })),
    }));
    const batch = new SignalBatch('traces');
    batch.append(encodeRequest('traces', spansOf('very-wide', spans)), { ...ARRIVAL, tenant });
    const { otel_traces: rows } = await storedRows(engine, batch.seal(), tenant);
    const found = (rows as { SpanName: string; SpanAttributes: [string, string][] }[]).map((row) =>
      row.SpanAttributes.every(([key, value]) => key === `k${row.SpanName}-${value}`),
    );
    expect(found).toEqual(Array(70).fill(true));
  });
});
