import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANOMALY } from '../../core/anomaly.ts';
import type { Signal } from '../../core/signal.ts';
import { createStoreClient } from '../../store/client.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';
import { type Answer, post } from './http/post.ts';
import { startTestIngest, type TestIngest } from './start-test-ingest.ts';
import type { KeyValue, LogRecord, Metric, Resource, Span, Value } from './transcode/otlp-model.ts';
import { encodeRequest } from './transcode/otlp-types.ts';
import { toOtlpJson } from './transcode/to-otlp-json.ts';

let engine: TestEngine;
let ingest: TestIngest;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true, tallies: ['tally_source', 'tally_service'] });
  ingest = await startTestIngest({}, createStoreClient({ url: engine.url, token: engine.token }));
});
afterAll(async () => {
  await ingest[Symbol.asyncDispose]();
  await engine.close();
});

const TRACE_ID = Buffer.from('0102030405060708090a0b0c0d0e0fab', 'hex');
const SPAN_ID = Buffer.from('abcdef0123456789', 'hex');
const NOW = BigInt(Date.now()) * 1_000_000n;
const HOUR = 3_600_000_000_000n;

const resourceOf = (service: string): Resource => ({
  attributes: [{ key: 'service.name', value: { stringValue: service } }],
});
const FRAME = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
} as const;

function requestOf(signal: Signal, service: string, items: readonly object[]): object {
  const [resources, scopes, of] = FRAME[signal];
  return { [resources]: [{ resource: resourceOf(service), [scopes]: [{ [of]: items }] }] };
}

const span = (fields: Span): Span => ({
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  startTimeUnixNano: NOW,
  endTimeUnixNano: NOW,
  ...fields,
});

async function sendBytes(signal: Signal, body: Uint8Array | string): Promise<Answer> {
  const type = typeof body === 'string' ? 'application/json' : 'application/x-protobuf';
  return post(ingest.httpUrl, { path: `/v1/${signal}`, headers: { 'content-type': type }, body });
}

/** Sends items of one service as protobuf and waits until they are stored; most have nothing to complain about. */
async function store(signal: Signal, service: string, items: readonly object[]): Promise<Answer> {
  const answer = await sendBytes(signal, encodeRequest(signal, requestOf(signal, service, items)));
  expect(answer.status).toBe(200);
  await settled();
  return answer;
}

async function settled(): Promise<void> {
  await expect.poll(() => ingest.metric('plumbline.ingest.spool.records'), { timeout: 10_000 }).toBe(0);
  expect(await ingest.metric('plumbline.ingest.set_aside')).toBe(0);
}

async function read(table: string, service: string, columns: string, order = '1'): Promise<unknown[][]> {
  const query = `SELECT ${columns} FROM ${table} WHERE ServiceName = {service:String} ORDER BY ${order}
    SETTINGS output_format_json_quote_64bit_integers = 1, output_format_json_quote_denormals = 1`;
  const result = await engine.client.query({
    query,
    query_params: { service },
    format: 'JSONCompactEachRow',
  });
  return result.json<unknown[]>();
}

const nanos = (column: string): string => `toString(toUnixTimestamp64Nano(${column}))`;
const pairs = (column: string): string => `arrayZip(mapKeys(${column}), mapValues(${column}))`;

describe('numbers', () => {
  it('52: integers of 64 bits and nanoseconds are stored to the last digit', async () => {
    const exact = [2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
    const attributes = exact.map((intValue, i): KeyValue => ({ key: `i${i}`, value: { intValue } }));
    const startTimeUnixNano = 1_750_000_000_123_456_789n;
    await store('traces', 'exact', [
      span({ startTimeUnixNano, endTimeUnixNano: startTimeUnixNano + 2n ** 53n + 1n, attributes }),
    ]);
    expect(
      await read('otel_traces', 'exact', `${nanos('Timestamp')}, Duration, ${pairs('SpanAttributes')}`),
    ).toEqual([
      [`${startTimeUnixNano}`, `${2n ** 53n + 1n}`, exact.map((value, i) => [`i${i}`, `${value}`])],
    ]);
    const metrics: Metric[] = [
      {
        name: 'sum',
        sum: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: NOW, asInt: exact[0] }] },
      },
      {
        name: 'histogram',
        histogram: {
          aggregationTemporality: 1,
          dataPoints: [{ timeUnixNano: NOW, count: 2n ** 64n - 1n, bucketCounts: [2n ** 64n - 1n] }],
        },
      },
    ];
    await store('metrics', 'exact', metrics);
    expect(await read('otel_metrics_sum', 'exact', 'ValueInt')).toEqual([[`${exact[0]}`]]);
    expect(await read('otel_metrics_histogram', 'exact', 'Count, BucketCounts')).toEqual([
      ['18446744073709551615', ['18446744073709551615']],
    ]);
  });

  it('53: enum numbers that OTLP does not name are kept, as numbers', async () => {
    await store('traces', 'enums', [span({ kind: 77, status: { code: 9 } }), span({ kind: -1 })]);
    expect(await read('otel_traces', 'enums', 'SpanKind, StatusCode')).toEqual([
      ['-1', 'Unset'],
      ['77', '9'],
    ]);
    await store('logs', 'enums', [{ severityNumber: 99, timeUnixNano: NOW }]);
    expect(await read('otel_logs', 'enums', 'SeverityNumber')).toEqual([[99]]);
    const point = { timeUnixNano: NOW, asInt: 1n };
    await store('metrics', 'enums', [{ name: 'm', sum: { aggregationTemporality: 7, dataPoints: [point] } }]);
    expect(await read('otel_metrics_sum', 'enums', 'AggregationTemporality')).toEqual([[7]]);
  });

  it('57: flags, trace state and dropped counts of spans, events and links are stored bit for bit', async () => {
    const traceState = 'ot=th:c;rv:0123456789abcd,vendor=x';
    await store('traces', 'bits', [
      span({
        flags: 0xfffffd01,
        traceState,
        droppedAttributesCount: 4_294_967_295,
        droppedEventsCount: 2,
        droppedLinksCount: 3,
        events: [{ timeUnixNano: NOW, name: 'e', droppedAttributesCount: 4_000_000_000 }],
        links: [
          { traceId: TRACE_ID, spanId: SPAN_ID, traceState, droppedAttributesCount: 5, flags: 0x8000_0301 },
          { traceId: TRACE_ID, spanId: SPAN_ID },
        ],
      }),
    ]);
    const columns = `SpanFlags, TraceState, DroppedAttributesCount, DroppedEventsCount, DroppedLinksCount,
      Events.DroppedAttributesCount, Links.TraceState, Links.DroppedAttributesCount, Links.Flags`;
    expect(await read('otel_traces', 'bits', columns)).toEqual([
      [
        0xfffffd01,
        traceState,
        4_294_967_295,
        2,
        3,
        [4_000_000_000],
        [traceState, ''],
        [5, 0],
        [0x8000_0301, 0],
      ],
    ]);
  });

  it('a log keeps all of its flags, and TraceFlags is their lowest byte', async () => {
    await store('logs', 'flags', [{ timeUnixNano: NOW, flags: 0xffff_ff01, droppedAttributesCount: 6 }]);
    expect(await read('otel_logs', 'flags', 'TraceFlags, LogFlags, DroppedAttributesCount')).toEqual([
      [1, 0xffff_ff01, 6],
    ]);
  });
});

describe('values', () => {
  const nested: Value = {
    kvlistValue: {
      values: [
        { key: 'list', value: { arrayValue: { values: [{ intValue: 1n }, { stringValue: 'x' }, {}] } } },
        { key: 'map', value: { kvlistValue: { values: [{ key: 'b', value: { boolValue: false } }] } } },
        { key: 'bytes', value: { bytesValue: Uint8Array.of(0xfb, 0xff) } },
        { key: 'nan', value: { doubleValue: Number.NaN } },
      ],
    },
  };
  const VALUES: readonly (readonly [string, Value | undefined, string])[] = [
    ['text', { stringValue: 'as "is"' }, 'as "is"'],
    ['bool', { boolValue: true }, 'true'],
    ['int', { intValue: -42n }, '-42'],
    ['double', { doubleValue: 1.5 }, '1.5'],
    ['whole double', { doubleValue: 42 }, '42'],
    ['NaN', { doubleValue: Number.NaN }, 'NaN'],
    ['infinity', { doubleValue: Number.NEGATIVE_INFINITY }, '-Infinity'],
    ['bytes', { bytesValue: Uint8Array.of(0xfb, 0xff) }, '+/8='],
    ['empty', {}, ''],
    ['none', undefined, ''],
    ['mixed array', { arrayValue: { values: [{ intValue: 1n }, { stringValue: 'x' }, {}] } }, '[1,"x",null]'],
    ['map', nested, '{"list":[1,"x",null],"map":{"b":false},"bytes":"+/8=","nan":"NaN"}'],
  ];

  it('55: every kind of value is text as OpenTelemetry writes it for others, in attributes and in bodies', async () => {
    const attributes = VALUES.map(([key, value]) => ({ key, value }));
    const bodies = VALUES.map(([eventName, body]): LogRecord => ({ timeUnixNano: NOW, eventName, body }));
    const expected = VALUES.map(([key, , text]) => [key, text]).sort();
    await store('logs', 'kinds', [{ timeUnixNano: NOW, attributes }, ...bodies]);
    expect(await read('otel_logs', 'kinds', 'EventName, Body', 'EventName')).toEqual([['', ''], ...expected]);
    const [[first]] = (await read('otel_logs', 'kinds', pairs('LogAttributes'), 'EventName')) as [
      [string[][]],
    ];
    expect(first).toEqual(expected);
    await store('traces', 'kinds', [span({ attributes })]);
    expect(await read('otel_traces', 'kinds', pairs('SpanAttributes'))).toEqual([[expected]]);
  });

  it('56: text that is not UTF-8 is replaced and marked, and its neighbours are whole', async () => {
    const bytes = Buffer.from(
      encodeRequest(
        'logs',
        requestOf('logs', 'utf8', [{ body: { stringValue: 'a~' } }, { body: { stringValue: 'b' } }]),
      ),
    );
    const answer = await sendBytes(
      'logs',
      bytes.map((byte) => (byte === 0x7e ? 0xff : byte)),
    );
    expect(answer.status).toBe(200);
    await settled();
    expect(await read('otel_logs', 'utf8', `Body, bitAnd(Anomalies, ${ANOMALY.invalidUtf8})`)).toEqual([
      ['a\ufffd', ANOMALY.invalidUtf8],
      ['b', 0],
    ]);
  });

  it('of an attribute key that occurs twice one value is kept, and the record is marked', async () => {
    const attributes = ['first', 'second'].map((stringValue) => ({ key: 'k', value: { stringValue } }));
    await store('traces', 'twice', [span({ attributes })]);
    expect(await read('otel_traces', 'twice', `${pairs('SpanAttributes')}, Anomalies`)).toEqual([
      [[['k', 'first']], ANOMALY.duplicateKeys],
    ]);
  });

  it('54: without a resource, without a scope: stored, with empty names', async () => {
    const scopeSpans = [{ spans: [span({ name: 'homeless' })] }];
    expect(
      await sendBytes('traces', encodeRequest('traces', { resourceSpans: [{ scopeSpans }] })),
    ).toMatchObject({
      status: 200,
      text: '',
    });
    await settled();
    expect(await read('otel_traces', '', 'SpanName, ScopeName, ResourceAttributes')).toEqual([
      ['homeless', '', {}],
    ]);
  });

  it('59: ids are hexadecimal in any case, and stored in lower case', async () => {
    const json = toOtlpJson(requestOf('traces', 'case', [span({ parentSpanId: SPAN_ID })]), {
      upperCaseIds: true,
    });
    expect(json).toContain('ABCDEF0123456789');
    expect(await sendBytes('traces', json)).toMatchObject({ status: 200, text: '{}' });
    await settled();
    expect(await read('otel_traces', 'case', 'TraceId, SpanId, ParentSpanId')).toEqual([
      ['0102030405060708090a0b0c0d0e0fab', 'abcdef0123456789', 'abcdef0123456789'],
    ]);
  });

  it('72: an intValue as text and as a number is the same when stored, 65: also above 2^53', async () => {
    const values = ['"123"', '123', '"9007199254740993"', '9007199254740993'];
    const attributes = values.map((value, i) => `{"key":"${i}","value":{"intValue":${value}}}`);
    const record = `{"timeUnixNano":"${NOW}","attributes":[${attributes}]}`;
    const resource = JSON.stringify(resourceOf('ints'));
    const body = `{"resourceLogs":[{"resource":${resource},"scopeLogs":[{"logRecords":[${record}]}]}]}`;
    expect(await sendBytes('logs', body)).toMatchObject({ status: 200, text: '{}' });
    await settled();
    expect(await read('otel_logs', 'ints', 'mapValues(LogAttributes)')).toEqual([
      [['123', '123', '9007199254740993', '9007199254740993']],
    ]);
  });
});

describe('log records', () => {
  it('74: without a time the observed one counts, without either the arrival, marked', async () => {
    const before = BigInt(Date.now()) * 1_000_000n;
    await store('logs', 'times', [
      { timeUnixNano: 5n, observedTimeUnixNano: 7n, body: { stringValue: '1' } },
      { timeUnixNano: 0n, observedTimeUnixNano: 7n, body: { stringValue: '2' } },
      { body: { stringValue: '3' } },
    ]);
    const columns = `Body, ${nanos('Timestamp')}, ${nanos('ObservedTimestamp')}, Anomalies`;
    const rows = await read('otel_logs', 'times', columns);
    expect(rows).toEqual([
      ['1', '5', '7', 0],
      ['2', '7', '7', 0],
      ['3', expect.toSatisfy((time: string) => BigInt(time) >= before), '0', ANOMALY.timeMissing],
    ]);
  });

  it('75: an invalid trace or span id leaves a record that correlates with nothing', async () => {
    await store('logs', 'uncorrelated', [
      { timeUnixNano: NOW, body: { stringValue: '1' }, traceId: Buffer.alloc(16), spanId: SPAN_ID },
      { timeUnixNano: NOW, body: { stringValue: '2' }, traceId: TRACE_ID, spanId: Buffer.alloc(3, 1) },
      { timeUnixNano: NOW, body: { stringValue: '3' }, traceId: TRACE_ID, spanId: SPAN_ID },
    ]);
    expect(await read('otel_logs', 'uncorrelated', 'Body, TraceId, SpanId, Anomalies')).toEqual([
      ['1', '', '', ANOMALY.idInvalid],
      ['2', TRACE_ID.toString('hex'), '', ANOMALY.idInvalid],
      ['3', TRACE_ID.toString('hex'), SPAN_ID.toString('hex'), 0],
    ]);
  });
});

describe('spans', () => {
  it('76: kind 0 is stored as it is and counts as internal: it is not a request of its service', async () => {
    await store('traces', 'kind0', [span({ kind: 0 }), span({ kind: 1 }), span({ kind: 2 })]);
    expect(await read('otel_traces', 'kind0', 'SpanKind')).toEqual([
      ['Internal'],
      ['Server'],
      ['Unspecified'],
    ]);
    expect(await read('tally_service', 'kind0', 'sum(Requests)')).toEqual([['1']]);
  });

  it('31, 78: that end before they start, or outside of all time, are stored and marked, and cost no neighbour', async () => {
    const answer = await store('traces', 'odd', [
      span({ name: 'backwards', startTimeUnixNano: NOW, endTimeUnixNano: NOW - HOUR }),
      span({ name: 'beyond', startTimeUnixNano: 2n ** 64n - 1n, endTimeUnixNano: 2n ** 64n - 1n }),
      span({ name: 'good' }),
    ]);
    expect(answer.body.length).toBeGreaterThan(0); // a warning
    expect(await read('otel_traces', 'odd', 'SpanName, Duration, Anomalies')).toEqual([
      ['backwards', '0', ANOMALY.endBeforeStart],
      ['beyond', '0', ANOMALY.timeOutOfRange],
      ['good', '0', 0],
    ]);
  });

  it('78: of any age, and from the future, are stored with their own time, stay, and show in their lateness', async () => {
    const times = [
      1n,
      HOUR,
      946_684_800n * 10n ** 9n,
      NOW - 24n * HOUR,
      NOW + HOUR,
      2n ** 62n,
      2n ** 63n - 1n,
    ];
    await store(
      'traces',
      'ages',
      times.map((time) => span({ startTimeUnixNano: time, endTimeUnixNano: time })),
    );
    await engine.client.command({ query: 'OPTIMIZE TABLE otel_traces FINAL' });
    const rows = await read('otel_traces', 'ages', nanos('Timestamp'), 'Timestamp');
    expect(rows).toEqual(times.map((time) => [`${time}`]));
    const tally = await read(
      'tally_source',
      'ages',
      'sum(Items), min(LatenessMsMin) < -3000000, max(LatenessMsMax) > 86400000',
    );
    expect(tally).toEqual([['7', 1, 1]]);
  });

  it('78: of a thousand days in one request are stored, whatever the clock of their sender does', async () => {
    const times = Array.from({ length: 1_000 }, (_, day) => NOW - BigInt(day) * 24n * HOUR);
    const spans = times.map((time) => span({ kind: 2, startTimeUnixNano: time, endTimeUnixNano: time }));
    await store('traces', 'days', spans);
    expect(await read('otel_traces', 'days', 'count()')).toEqual([['1000']]);
    expect(await read('tally_source', 'days', 'sum(Items)')).toEqual([['1000']]);
    expect(await read('tally_service', 'days', 'sum(Requests)')).toEqual([['30']]);
  });
});

describe('data points', () => {
  it('77: one that says that it has no value needs none, and keeps its flag', async () => {
    const point = { timeUnixNano: NOW, flags: 1 };
    const answer = await store('metrics', 'stale', [
      { name: 'gauge', gauge: { dataPoints: [point] } },
      { name: 'sum', sum: { aggregationTemporality: 2, dataPoints: [point] } },
      { name: 'histogram', histogram: { aggregationTemporality: 2, dataPoints: [point] } },
      { name: 'summary', summary: { dataPoints: [point] } },
    ]);
    expect(answer.text).toBe('');
    for (const kind of ['gauge', 'sum', 'histogram', 'summary']) {
      expect(await read(`otel_metrics_${kind}`, 'stale', 'MetricName, Flags')).toEqual([[kind, 1]]);
    }
  });

  it('58: a metric without data is accepted with a warning; it has no points to store', async () => {
    const point = { timeUnixNano: NOW, asDouble: 1 };
    const answer = await store('metrics', 'no-data', [
      { name: 'nothing' },
      { name: 'g', gauge: { dataPoints: [point] } },
    ]);
    expect(answer.text).toContain('metrics without data were accepted');
    expect(await read('otel_metrics_gauge', 'no-data', 'MetricName')).toEqual([['g']]);
  });

  it('an optional sum, min or max that was not sent is NaN, never 0', async () => {
    const dataPoints = [{ timeUnixNano: NOW, count: 1n, bucketCounts: [1n] }];
    await store('metrics', 'optional', [
      { name: 'h', histogram: { aggregationTemporality: 2, dataPoints } },
      {
        name: 'e',
        exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ timeUnixNano: NOW }] },
      },
    ]);
    for (const kind of ['histogram', 'exponential_histogram']) {
      expect(await read(`otel_metrics_${kind}`, 'optional', 'Sum, Min, Max')).toEqual([
        ['nan', 'nan', 'nan'],
      ]);
    }
  });

  it('a histogram whose buckets do not fit is rejected alone, with a count', async () => {
    const point = { timeUnixNano: NOW, count: 3n, explicitBounds: [1, 2] };
    const dataPoints = [
      { ...point, bucketCounts: [1n] },
      { ...point, bucketCounts: [1n, 1n, 1n] },
    ];
    const answer = await store('metrics', 'misfit', [
      { name: 'h', histogram: { aggregationTemporality: 2, dataPoints } },
    ]);
    expect(answer.text).toContain('1 of 2 data points were rejected');
    expect(await read('otel_metrics_histogram', 'misfit', 'Count, BucketCounts')).toEqual([
      ['3', ['1', '1', '1']],
    ]);
  });
});

it('one row per item: what is sent twice is stored twice, for nobody but its sender knows whether it is the same', async () => {
  const spans = [span({ name: 'same' }), span({ name: 'same' })];
  await store('traces', 'repeated', spans);
  await store('traces', 'repeated', spans);
  expect(await read('otel_traces', 'repeated', 'count()')).toEqual([['4']]);
  expect(await read('tally_source', 'repeated', 'sum(Items)')).toEqual([['4']]);
});

it('45: a client cut off before its answer sends again: each sending is stored once, whole, and shows as a copy', async () => {
  const body = encodeRequest(
    'traces',
    requestOf('traces', 'cut', [span({}), span({ spanId: Buffer.alloc(8, 7) })]),
  );
  const head = `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${body.length}`;
  const taken = () => ingest.metric('plumbline.ingest.items', { signal: 'traces', outcome: 'accepted' });
  const before = await taken();
  const socket = connect(ingest.httpPort, '127.0.0.1').pause();
  socket.write(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]));
  await expect.poll(taken).toBe(before + 2);
  socket.destroy(); // taken, and the answer never read
  expect((await sendBytes('traces', body)).status).toBe(200);
  await settled();
  expect(await read('otel_traces', 'cut', 'count(), uniqExact(SpanId)')).toEqual([['4', '2']]);
  expect(await read('tally_source', 'cut', 'sum(Items)')).toEqual([['4']]);
});

it('a row is visible within 15 s of its acknowledgement, with the settings that we ship', async () => {
  const client = createStoreClient({ url: engine.url, token: engine.token });
  await using shipped = await startTestIngest({ batchAgeMsMax: undefined }, client);
  const body = Buffer.from(encodeRequest('logs', requestOf('logs', 'fresh', [{ timeUnixNano: NOW }])));
  const headers = { 'content-type': 'application/x-protobuf' };
  expect((await post(shipped.httpUrl, { path: '/v1/logs', headers, body })).status).toBe(200);
  const rows = () => read('otel_logs', 'fresh', 'count()');
  await expect.poll(rows, { timeout: 15_000 }).toEqual([['1']]);
});
