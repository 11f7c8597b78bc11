import type { Signal } from '../../core/signal.ts';

type ScalarKind =
  | 'string'
  | 'bytes'
  | 'id'
  | 'bool'
  | 'int64'
  | 'uint64'
  | 'uint32'
  | 'sint32'
  | 'fixed32'
  | 'fixed64'
  | 'time'
  | 'sfixed64'
  | 'double'
  | 'enum';

/** One field of an OTLP message; `id` is bytes that JSON spells in hex, `time` a fixed64 of nanoseconds. */
export interface Field {
  readonly name: string;
  readonly number: number;
  readonly kind: ScalarKind | 'message';
  readonly message?: string;
  readonly repeated?: boolean;
  /** At most one field of a message that is marked so counts: the last one on the wire. */
  readonly oneof?: boolean;
  /** Names of an enum by number. */
  readonly names?: readonly string[];
}

const scalar = (number: number, name: string, kind: ScalarKind): Field => ({ number, name, kind });
const scalars = (number: number, name: string, kind: ScalarKind): Field => ({
  number,
  name,
  kind,
  repeated: true,
});
const one = (number: number, name: string, message: string): Field => ({
  number,
  name,
  kind: 'message',
  message,
});
const many = (number: number, name: string, message: string): Field => ({
  ...one(number, name, message),
  repeated: true,
});
const choice = (field: Field): Field => ({ ...field, oneof: true });
const named = (number: number, name: string, names: readonly string[]): Field => ({
  number,
  name,
  kind: 'enum',
  names,
});

const numbered = (prefix: string, names: readonly string[]): string[] => names.map((name) => prefix + name);

const SPAN_KIND_NAMES = numbered('SPAN_KIND_', [
  'UNSPECIFIED',
  'INTERNAL',
  'SERVER',
  'CLIENT',
  'PRODUCER',
  'CONSUMER',
]);
const STATUS_CODE_NAMES = numbered('STATUS_CODE_', ['UNSET', 'OK', 'ERROR']);
const TEMPORALITY_NAMES = numbered('AGGREGATION_TEMPORALITY_', ['UNSPECIFIED', 'DELTA', 'CUMULATIVE']);
const SEVERITY_NAMES = numbered('SEVERITY_NUMBER_', [
  'UNSPECIFIED',
  ...['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((level) =>
    ['', '2', '3', '4'].map((step) => level + step),
  ),
]);

const frame = (item: string, items: string): Record<string, Field[]> => ({
  [`Resource${item}`]: [
    one(1, 'resource', 'Resource'),
    many(2, `scope${item}`, `Scope${item}`),
    scalar(3, 'schemaUrl', 'string'),
  ],
  [`Scope${item}`]: [
    one(1, 'scope', 'InstrumentationScope'),
    many(2, items, item === 'Logs' ? 'LogRecord' : item === 'Spans' ? 'Span' : 'Metric'),
    scalar(3, 'schemaUrl', 'string'),
  ],
});

/** Root message of each signal's export request. */
export const REQUEST_MESSAGE: Readonly<Record<Signal, string>> = {
  traces: 'ExportTraceServiceRequest',
  metrics: 'ExportMetricsServiceRequest',
  logs: 'ExportLogsServiceRequest',
};

/**
 * The fields of OTLP 1.11 that are stored, and those that lead to them; others are legal and ignored.
 * @see https://github.com/open-telemetry/opentelemetry-proto
 */
export const MESSAGES: Readonly<Record<string, readonly Field[]>> = {
  ExportTraceServiceRequest: [many(1, 'resourceSpans', 'ResourceSpans')],
  ExportMetricsServiceRequest: [many(1, 'resourceMetrics', 'ResourceMetrics')],
  ExportLogsServiceRequest: [many(1, 'resourceLogs', 'ResourceLogs')],
  ...frame('Spans', 'spans'),
  ...frame('Metrics', 'metrics'),
  ...frame('Logs', 'logRecords'),
  Resource: [many(1, 'attributes', 'KeyValue'), scalar(2, 'droppedAttributesCount', 'uint32')],
  InstrumentationScope: [
    scalar(1, 'name', 'string'),
    scalar(2, 'version', 'string'),
    many(3, 'attributes', 'KeyValue'),
    scalar(4, 'droppedAttributesCount', 'uint32'),
  ],
  KeyValue: [scalar(1, 'key', 'string'), one(2, 'value', 'AnyValue')],
  AnyValue: [
    choice(scalar(1, 'stringValue', 'string')),
    choice(scalar(2, 'boolValue', 'bool')),
    choice(scalar(3, 'intValue', 'int64')),
    choice(scalar(4, 'doubleValue', 'double')),
    choice(one(5, 'arrayValue', 'ArrayValue')),
    choice(one(6, 'kvlistValue', 'KeyValueList')),
    choice(scalar(7, 'bytesValue', 'bytes')),
  ],
  ArrayValue: [many(1, 'values', 'AnyValue')],
  KeyValueList: [many(1, 'values', 'KeyValue')],
  Span: [
    scalar(1, 'traceId', 'id'),
    scalar(2, 'spanId', 'id'),
    scalar(3, 'traceState', 'string'),
    scalar(4, 'parentSpanId', 'id'),
    scalar(5, 'name', 'string'),
    named(6, 'kind', SPAN_KIND_NAMES),
    scalar(7, 'startTimeUnixNano', 'time'),
    scalar(8, 'endTimeUnixNano', 'time'),
    many(9, 'attributes', 'KeyValue'),
    scalar(10, 'droppedAttributesCount', 'uint32'),
    many(11, 'events', 'Event'),
    scalar(12, 'droppedEventsCount', 'uint32'),
    many(13, 'links', 'Link'),
    scalar(14, 'droppedLinksCount', 'uint32'),
    one(15, 'status', 'Status'),
    scalar(16, 'flags', 'fixed32'),
  ],
  Event: [
    scalar(1, 'timeUnixNano', 'time'),
    scalar(2, 'name', 'string'),
    many(3, 'attributes', 'KeyValue'),
    scalar(4, 'droppedAttributesCount', 'uint32'),
  ],
  Link: [
    scalar(1, 'traceId', 'id'),
    scalar(2, 'spanId', 'id'),
    scalar(3, 'traceState', 'string'),
    many(4, 'attributes', 'KeyValue'),
    scalar(5, 'droppedAttributesCount', 'uint32'),
    scalar(6, 'flags', 'fixed32'),
  ],
  Status: [scalar(2, 'message', 'string'), named(3, 'code', STATUS_CODE_NAMES)],
  LogRecord: [
    scalar(1, 'timeUnixNano', 'time'),
    named(2, 'severityNumber', SEVERITY_NAMES),
    scalar(3, 'severityText', 'string'),
    one(5, 'body', 'AnyValue'),
    many(6, 'attributes', 'KeyValue'),
    scalar(7, 'droppedAttributesCount', 'uint32'),
    scalar(8, 'flags', 'fixed32'),
    scalar(9, 'traceId', 'id'),
    scalar(10, 'spanId', 'id'),
    scalar(11, 'observedTimeUnixNano', 'time'),
    scalar(12, 'eventName', 'string'),
  ],
  Metric: [
    scalar(1, 'name', 'string'),
    scalar(2, 'description', 'string'),
    scalar(3, 'unit', 'string'),
    choice(one(5, 'gauge', 'Gauge')),
    choice(one(7, 'sum', 'Sum')),
    choice(one(9, 'histogram', 'Histogram')),
    choice(one(10, 'exponentialHistogram', 'ExponentialHistogram')),
    choice(one(11, 'summary', 'Summary')),
  ],
  Gauge: [many(1, 'dataPoints', 'NumberDataPoint')],
  Sum: [
    many(1, 'dataPoints', 'NumberDataPoint'),
    named(2, 'aggregationTemporality', TEMPORALITY_NAMES),
    scalar(3, 'isMonotonic', 'bool'),
  ],
  Histogram: [
    many(1, 'dataPoints', 'HistogramDataPoint'),
    named(2, 'aggregationTemporality', TEMPORALITY_NAMES),
  ],
  ExponentialHistogram: [
    many(1, 'dataPoints', 'ExponentialHistogramDataPoint'),
    named(2, 'aggregationTemporality', TEMPORALITY_NAMES),
  ],
  Summary: [many(1, 'dataPoints', 'SummaryDataPoint')],
  NumberDataPoint: [
    many(7, 'attributes', 'KeyValue'),
    scalar(2, 'startTimeUnixNano', 'time'),
    scalar(3, 'timeUnixNano', 'time'),
    choice(scalar(4, 'asDouble', 'double')),
    choice(scalar(6, 'asInt', 'sfixed64')),
    many(5, 'exemplars', 'Exemplar'),
    scalar(8, 'flags', 'uint32'),
  ],
  HistogramDataPoint: [
    many(9, 'attributes', 'KeyValue'),
    scalar(2, 'startTimeUnixNano', 'time'),
    scalar(3, 'timeUnixNano', 'time'),
    scalar(4, 'count', 'fixed64'),
    scalar(5, 'sum', 'double'),
    scalars(6, 'bucketCounts', 'fixed64'),
    scalars(7, 'explicitBounds', 'double'),
    many(8, 'exemplars', 'Exemplar'),
    scalar(10, 'flags', 'uint32'),
    scalar(11, 'min', 'double'),
    scalar(12, 'max', 'double'),
  ],
  ExponentialHistogramDataPoint: [
    many(1, 'attributes', 'KeyValue'),
    scalar(2, 'startTimeUnixNano', 'time'),
    scalar(3, 'timeUnixNano', 'time'),
    scalar(4, 'count', 'fixed64'),
    scalar(5, 'sum', 'double'),
    scalar(6, 'scale', 'sint32'),
    scalar(7, 'zeroCount', 'fixed64'),
    one(8, 'positive', 'Buckets'),
    one(9, 'negative', 'Buckets'),
    scalar(10, 'flags', 'uint32'),
    many(11, 'exemplars', 'Exemplar'),
    scalar(12, 'min', 'double'),
    scalar(13, 'max', 'double'),
    scalar(14, 'zeroThreshold', 'double'),
  ],
  Buckets: [scalar(1, 'offset', 'sint32'), scalars(2, 'bucketCounts', 'uint64')],
  SummaryDataPoint: [
    many(7, 'attributes', 'KeyValue'),
    scalar(2, 'startTimeUnixNano', 'time'),
    scalar(3, 'timeUnixNano', 'time'),
    scalar(4, 'count', 'fixed64'),
    scalar(5, 'sum', 'double'),
    many(6, 'quantileValues', 'ValueAtQuantile'),
    scalar(8, 'flags', 'uint32'),
  ],
  ValueAtQuantile: [scalar(1, 'quantile', 'double'), scalar(2, 'value', 'double')],
  Exemplar: [
    many(7, 'filteredAttributes', 'KeyValue'),
    scalar(2, 'timeUnixNano', 'time'),
    choice(scalar(3, 'asDouble', 'double')),
    choice(scalar(6, 'asInt', 'sfixed64')),
    scalar(4, 'spanId', 'id'),
    scalar(5, 'traceId', 'id'),
  ],
};

/** The wire type a single value of the field is encoded with. */
export function wireTypeOf(field: Field): number {
  switch (field.kind) {
    case 'fixed64':
    case 'time':
    case 'sfixed64':
    case 'double':
      return 1;
    case 'fixed32':
      return 5;
    case 'message':
    case 'string':
    case 'bytes':
    case 'id':
      return 2;
    default:
      return 0;
  }
}
