/** OTLP requests as plain values: 64-bit integers are bigints, ids are bytes, what is absent was not sent. */
export type Value =
  | { stringValue: string }
  | { boolValue: boolean }
  | { intValue: bigint }
  | { doubleValue: number }
  | { arrayValue: { values: Value[] } }
  | { kvlistValue: { values: KeyValue[] } }
  | { bytesValue: Uint8Array }
  | Record<string, never>;

export interface KeyValue {
  key: string;
  value?: Value | undefined;
}

export interface Resource {
  attributes?: KeyValue[] | undefined;
}

export interface Scope {
  name?: string | undefined;
  version?: string | undefined;
  attributes?: KeyValue[] | undefined;
  droppedAttributesCount?: number | undefined;
}

export interface Span {
  traceId?: Uint8Array | undefined;
  spanId?: Uint8Array | undefined;
  parentSpanId?: Uint8Array | undefined;
  traceState?: string | undefined;
  name?: string | undefined;
  kind?: number | undefined;
  startTimeUnixNano?: bigint | undefined;
  endTimeUnixNano?: bigint | undefined;
  attributes?: KeyValue[] | undefined;
  droppedAttributesCount?: number | undefined;
  events?:
    | {
        timeUnixNano?: bigint | undefined;
        name?: string | undefined;
        attributes?: KeyValue[] | undefined;
        droppedAttributesCount?: number | undefined;
      }[]
    | undefined;
  droppedEventsCount?: number | undefined;
  links?:
    | {
        traceId?: Uint8Array | undefined;
        spanId?: Uint8Array | undefined;
        traceState?: string | undefined;
        attributes?: KeyValue[] | undefined;
        droppedAttributesCount?: number | undefined;
        flags?: number | undefined;
      }[]
    | undefined;
  droppedLinksCount?: number | undefined;
  status?: { message?: string | undefined; code?: number | undefined } | undefined;
  flags?: number | undefined;
}

export interface LogRecord {
  timeUnixNano?: bigint | undefined;
  observedTimeUnixNano?: bigint | undefined;
  severityNumber?: number | undefined;
  severityText?: string | undefined;
  body?: Value | undefined;
  attributes?: KeyValue[] | undefined;
  droppedAttributesCount?: number | undefined;
  flags?: number | undefined;
  traceId?: Uint8Array | undefined;
  spanId?: Uint8Array | undefined;
  eventName?: string | undefined;
}

export interface Exemplar {
  timeUnixNano?: bigint | undefined;
  asDouble?: number | undefined;
  asInt?: bigint | undefined;
  spanId?: Uint8Array | undefined;
  traceId?: Uint8Array | undefined;
  filteredAttributes?: KeyValue[] | undefined;
}

export interface Point {
  attributes?: KeyValue[] | undefined;
  startTimeUnixNano?: bigint | undefined;
  timeUnixNano?: bigint | undefined;
  flags?: number | undefined;
  exemplars?: Exemplar[] | undefined;
  asDouble?: number | undefined;
  asInt?: bigint | undefined;
  count?: bigint | undefined;
  sum?: number | undefined;
  min?: number | undefined;
  max?: number | undefined;
  bucketCounts?: bigint[] | undefined;
  explicitBounds?: number[] | undefined;
  scale?: number | undefined;
  zeroCount?: bigint | undefined;
  zeroThreshold?: number | undefined;
  positive?: { offset?: number | undefined; bucketCounts?: bigint[] | undefined } | undefined;
  negative?: { offset?: number | undefined; bucketCounts?: bigint[] | undefined } | undefined;
  quantileValues?: { quantile?: number | undefined; value?: number | undefined }[] | undefined;
}

export interface MetricData {
  dataPoints?: Point[] | undefined;
  aggregationTemporality?: number | undefined;
  isMonotonic?: boolean | undefined;
}

export interface Metric {
  name?: string | undefined;
  description?: string | undefined;
  unit?: string | undefined;
  gauge?: MetricData | undefined;
  sum?: MetricData | undefined;
  histogram?: MetricData | undefined;
  exponentialHistogram?: MetricData | undefined;
  summary?: MetricData | undefined;
}

interface Framed {
  resource?: Resource | undefined;
  schemaUrl?: string | undefined;
}
interface Scoped {
  scope?: Scope | undefined;
  schemaUrl?: string | undefined;
}

export interface TraceRequest {
  resourceSpans?: (Framed & { scopeSpans?: (Scoped & { spans?: Span[] | undefined })[] | undefined })[];
}
export interface LogsRequest {
  resourceLogs?: (Framed & {
    scopeLogs?: (Scoped & { logRecords?: LogRecord[] | undefined })[] | undefined;
  })[];
}
export interface MetricsRequest {
  resourceMetrics?: (Framed & {
    scopeMetrics?: (Scoped & { metrics?: Metric[] | undefined })[] | undefined;
  })[];
}
