import fc, { type Arbitrary } from 'fast-check';
import type { Signal } from '../../../core/signal.ts';
import type {
  KeyValue,
  LogRecord,
  LogsRequest,
  Metric,
  MetricsRequest,
  Point,
  Span,
  TraceRequest,
  Value,
} from './otlp-model.ts';

/** Requests of every shape: absent fields, extreme numbers, odd ids and times, text of all planes. */

const maybe = <T>(arbitrary: Arbitrary<T>): Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 4 });

const text = fc.oneof(
  fc.constantFrom('', 'GET', 'http.request.method', 'näïve', '日本語', '🙂 \u0000 "\\'),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ minLength: 120, maxLength: 140 }),
);
const key = fc.oneof(
  fc.constantFrom(
    'service.name',
    'service.namespace',
    'service.instance.id',
    'http.route',
    'SampleRate',
    '_dd.agent_psr',
    'a',
    'b',
    'c',
    '',
  ),
  text,
);
const uint64 = fc.oneof(fc.bigInt(0n, 100n), fc.bigInt(0n, 2n ** 64n - 1n));
const int64 = fc.oneof(
  fc.bigInt(-5n, 300n),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.constant(-(2n ** 63n)),
);
const uint32 = fc.oneof(fc.nat(3), fc.nat(2 ** 32 - 1));
const double = fc.oneof(
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    1.5,
    12.345,
    1e21,
    5e-324,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ),
  fc.integer({ min: -10_000, max: 10_000 }).map((thousandths) => thousandths / 1_000),
);
const time = fc.oneof(
  { arbitrary: fc.bigInt(1_790_000_000_000_000_000n, 1_790_000_100_000_000_000n), weight: 8 },
  { arbitrary: fc.constantFrom(0n, 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n), weight: 1 },
);
const bytes = (min: number, max: number): Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: min, maxLength: max });
const id = (byteCount: number): Arbitrary<Uint8Array> =>
  fc.oneof(
    { arbitrary: bytes(byteCount, byteCount), weight: 12 },
    { arbitrary: bytes(0, byteCount + 1), weight: 1 },
    { arbitrary: fc.constant(new Uint8Array(byteCount)), weight: 1 },
  );

const { value } = fc.letrec<{ value: Value; keyValue: KeyValue }>((tie) => ({
  keyValue: fc.record({ key, value: maybe(tie('value')) }),
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.record({ stringValue: text }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: int64 }),
    fc.record({ doubleValue: double }),
    fc.record({ bytesValue: bytes(0, 9) }),
    fc.constant({}),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('value'), { maxLength: 3 }) }) }),
    fc.record({ kvlistValue: fc.record({ values: fc.array(tie('keyValue'), { maxLength: 3 }) }) }),
  ) as Arbitrary<Value>,
}));
const attributes = maybe(fc.array(fc.record({ key, value: maybe(value) }), { maxLength: 6 }));

const span: Arbitrary<Span> = fc.record({
  traceId: id(16),
  spanId: id(8),
  parentSpanId: maybe(id(8)),
  traceState: maybe(
    fc.oneof(
      fc.constantFrom('', 'ot=th:8', 'vendor=x,ot=th:c;rv:0123456789abcd', 'ot=p:3;r:2', 'ot=th:8,é=1'),
      fc.stringMatching(/^ot=th:[0-9a-g]{1,15}(;rv:[0-9a-f]{14})?$/),
      fc.constant(`ot=th:8${',k=v'.repeat(400)}`),
    ),
  ),
  name: maybe(text),
  kind: maybe(fc.constantFrom(0, 1, 2, 3, 4, 5, 6, -1, 2_147_483_647)),
  startTimeUnixNano: maybe(time),
  endTimeUnixNano: maybe(time),
  attributes,
  droppedAttributesCount: maybe(uint32),
  events: maybe(
    fc.array(
      fc.record({
        timeUnixNano: maybe(time),
        name: maybe(text),
        attributes,
        droppedAttributesCount: maybe(uint32),
      }),
      { maxLength: 2 },
    ),
  ),
  droppedEventsCount: maybe(uint32),
  links: maybe(
    fc.array(
      fc.record({
        traceId: id(16),
        spanId: id(8),
        traceState: maybe(text),
        attributes,
        droppedAttributesCount: maybe(uint32),
        flags: maybe(uint32),
      }),
      { maxLength: 2 },
    ),
  ),
  droppedLinksCount: maybe(uint32),
  status: maybe(fc.record({ message: maybe(text), code: maybe(fc.constantFrom(0, 1, 2, 3, -7)) })),
  flags: maybe(uint32),
});

const logRecord: Arbitrary<LogRecord> = fc.record({
  timeUnixNano: maybe(time),
  observedTimeUnixNano: maybe(time),
  severityNumber: maybe(fc.constantFrom(0, 9, 24, 25, 255, 256, -1)),
  severityText: maybe(text),
  body: maybe(value),
  attributes,
  droppedAttributesCount: maybe(uint32),
  flags: maybe(uint32),
  traceId: maybe(id(16)),
  spanId: maybe(id(8)),
  eventName: maybe(text),
});

const exemplar = fc
  .record({
    timeUnixNano: maybe(time),
    number: fc.oneof(fc.record({ asDouble: double }), fc.record({ asInt: int64 }), fc.constant({})),
    spanId: maybe(id(8)),
    traceId: maybe(id(16)),
    filteredAttributes: attributes,
  })
  .map(({ number, ...rest }) => ({ ...rest, ...number }));

const point = {
  attributes,
  startTimeUnixNano: maybe(time),
  timeUnixNano: maybe(time),
  flags: maybe(fc.constantFrom(0, 1, 2, 2 ** 32 - 1)),
  exemplars: maybe(fc.array(exemplar, { maxLength: 2 })),
};
const numberPoint: Arbitrary<Point> = fc
  .tuple(
    fc.record(point),
    fc.oneof(fc.record({ asDouble: double }), fc.record({ asInt: int64 }), fc.constant({})),
  )
  .map(([rest, number]) => ({ ...rest, ...number }));
const statistics = { count: maybe(uint64), sum: maybe(double), min: maybe(double), max: maybe(double) };
const histogramPoint: Arbitrary<Point> = fc
  .tuple(fc.record({ ...point, ...statistics }), fc.array(double, { maxLength: 4 }), fc.nat(9))
  .chain(([rest, explicitBounds, luck]) => {
    const fitting = explicitBounds.length + 1;
    const size = luck === 0 ? fc.nat(fitting + 1) : fc.constant(luck < 5 ? fitting : 0);
    return size.chain((count) =>
      fc.array(uint64, { minLength: count, maxLength: count }).map((bucketCounts) => ({
        ...rest,
        explicitBounds: luck >= 5 ? [] : explicitBounds,
        bucketCounts,
        // Often the true count, so that both outcomes are seen.
        ...(luck % 2 === 0 ? { count: bucketCounts.reduce((sum, n) => sum + n, 0n) % 2n ** 64n } : {}),
      })),
    );
  });
const buckets = maybe(
  fc.record({ offset: maybe(fc.integer()), bucketCounts: maybe(fc.array(uint64, { maxLength: 4 })) }),
);
const exponentialPoint: Arbitrary<Point> = fc.record({
  ...point,
  ...statistics,
  scale: maybe(fc.integer({ min: -10, max: 20 })),
  zeroCount: maybe(uint64),
  zeroThreshold: maybe(double),
  positive: buckets,
  negative: buckets,
});
const { exemplars: _, ...summaryBase } = point;
const summaryPoint: Arbitrary<Point> = fc.record({
  ...summaryBase,
  count: maybe(uint64),
  sum: maybe(double),
  quantileValues: maybe(
    fc.array(fc.record({ quantile: maybe(double), value: maybe(double) }), { maxLength: 3 }),
  ),
});

const data = (points: Arbitrary<Point>) =>
  fc.record({
    dataPoints: maybe(fc.array(points, { maxLength: 3 })),
    aggregationTemporality: fc.constantFrom(undefined, 0, 1, 2, 2, 3),
  });
const summed = data(numberPoint).chain((rest) =>
  maybe(fc.boolean()).map((isMonotonic) => ({ ...rest, isMonotonic })),
);
const plain = (points: Arbitrary<Point>) =>
  fc.record({ dataPoints: maybe(fc.array(points, { maxLength: 3 })) });
const metric: Arbitrary<Metric> = fc
  .tuple(
    fc.record({ name: maybe(text), description: maybe(text), unit: maybe(text) }),
    fc.oneof(
      fc.record({ gauge: plain(numberPoint) }),
      fc.record({ sum: summed }),
      fc.record({ histogram: data(histogramPoint) }),
      fc.record({ exponentialHistogram: data(exponentialPoint) }),
      fc.record({ summary: plain(summaryPoint) }),
      fc.constant({}),
    ),
  )
  .map(([rest, kind]) => ({ ...rest, ...kind }));

const resource = maybe(fc.record({ attributes }));
const scope = maybe(
  fc.record({
    name: maybe(text),
    version: maybe(text),
    attributes,
    droppedAttributesCount: maybe(uint32),
  }),
);
const schemaUrl = maybe(fc.constantFrom('', 'https://opentelemetry.io/schemas/1.44.0'));

function framed<T>(item: Arbitrary<T>, names: { resources: string; scopes: string; items: string }) {
  const scoped = fc.record({ scope, [names.items]: maybe(fc.array(item, { maxLength: 4 })), schemaUrl });
  const one = fc.record({ resource, [names.scopes]: maybe(fc.array(scoped, { maxLength: 2 })), schemaUrl });
  return fc.record({ [names.resources]: maybe(fc.array(one, { maxLength: 3 })) });
}

export const traceRequest = framed(span, {
  resources: 'resourceSpans',
  scopes: 'scopeSpans',
  items: 'spans',
}) as Arbitrary<TraceRequest>;

export const logsRequest = framed(logRecord, {
  resources: 'resourceLogs',
  scopes: 'scopeLogs',
  items: 'logRecords',
}) as Arbitrary<LogsRequest>;

export const metricsRequest = framed(metric, {
  resources: 'resourceMetrics',
  scopes: 'scopeMetrics',
  items: 'metrics',
}) as Arbitrary<MetricsRequest>;

export const signalRequest: Arbitrary<{ signal: Signal; request: object }> = fc.oneof(
  fc.record({ signal: fc.constant<Signal>('traces'), request: traceRequest }),
  fc.record({ signal: fc.constant<Signal>('logs'), request: logsRequest }),
  fc.record({ signal: fc.constant<Signal>('metrics'), request: metricsRequest }),
);
