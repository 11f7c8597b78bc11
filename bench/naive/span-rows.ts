import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

/* What a usual Node service does: decode into objects with protobufjs, make an object per row, write JSON. */

/** protobufjs' stand-in for a bigint. */
interface Long64 {
  toString(): string;
}
interface Value {
  stringValue?: string;
  intValue?: { toString(): string };
  doubleValue?: number;
  boolValue?: boolean;
}
interface KeyValue {
  key: string;
  value?: Value;
}
interface Span {
  traceId: Uint8Array;
  spanId: Uint8Array;
  parentSpanId?: Uint8Array;
  traceState?: string;
  name: string;
  kind?: number;
  startTimeUnixNano: Long64;
  endTimeUnixNano: Long64;
  attributes: KeyValue[];
  status?: { code: number; message: string };
  events: { timeUnixNano: Long64; name: string; attributes: KeyValue[] }[];
  links: { traceId: Uint8Array; spanId: Uint8Array; traceState: string; attributes: KeyValue[] }[];
}
interface Request {
  resourceSpans: {
    resource?: { attributes: KeyValue[] };
    scopeSpans: { scope?: { name: string; version: string }; spans: Span[] }[];
  }[];
}

const proto = join(import.meta.dirname, '../../test/ingest/transcode/otlp.proto');
const { root } = protobuf.parse(readFileSync(proto, 'utf8'));
/** `setup` generates the same decoder that the static target of pbjs writes to a file. */
const requestType = root.lookupType('ExportTraceServiceRequest').setup();

const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const STATUS = ['Unset', 'Ok', 'Error'];

export function decodeSpans(body: Uint8Array): Request {
  return requestType.decode(body) as unknown as Request;
}

/** Rows of otel_traces as objects for JSONEachRow. */
export function spanRows(request: Request, receivedAtMs: number): object[] {
  const rows: object[] = [];
  for (const { resource, scopeSpans } of request.resourceSpans) {
    const resourceAttributes = attributesOf(resource?.attributes ?? []);
    for (const { scope, spans } of scopeSpans) {
      for (const span of spans) {
        const start = span.startTimeUnixNano;
        rows.push({
          Timestamp: seconds(start),
          TraceId: hex(span.traceId),
          SpanId: hex(span.spanId),
          ParentSpanId: hex(span.parentSpanId),
          TraceState: span.traceState ?? '',
          SpanName: span.name,
          SpanKind: KINDS[span.kind ?? 0],
          ServiceName: resourceAttributes['service.name'] ?? '',
          ResourceAttributes: resourceAttributes,
          ScopeName: scope?.name ?? '',
          ScopeVersion: scope?.version ?? '',
          SpanAttributes: attributesOf(span.attributes),
          Duration: String(BigInt(span.endTimeUnixNano.toString()) - BigInt(start.toString())),
          StatusCode: STATUS[span.status?.code ?? 0],
          StatusMessage: span.status?.message ?? '',
          'Events.Timestamp': span.events.map(({ timeUnixNano }) => seconds(timeUnixNano)),
          'Events.Name': span.events.map(({ name }) => name),
          'Events.Attributes': span.events.map(({ attributes }) => attributesOf(attributes)),
          'Links.TraceId': span.links.map(({ traceId }) => hex(traceId)),
          'Links.SpanId': span.links.map(({ spanId }) => hex(spanId)),
          'Links.TraceState': span.links.map(({ traceState }) => traceState),
          'Links.Attributes': span.links.map(({ attributes }) => attributesOf(attributes)),
          ReceivedAt: receivedAtMs / 1_000,
          ServiceNamespace: resourceAttributes['service.namespace'] ?? '',
          ServiceInstanceId: resourceAttributes['service.instance.id'] ?? '',
        });
      }
    }
  }
  return rows;
}

function attributesOf(list: readonly KeyValue[]): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const { key, value } of list) {
    const { stringValue, intValue, doubleValue, boolValue } = value ?? {};
    attributes[key] = stringValue ?? String(intValue ?? doubleValue ?? boolValue ?? '');
  }
  return attributes;
}

function hex(bytes: Uint8Array | undefined): string {
  if (bytes === undefined || bytes.length === 0) return ''; // an unset field is an empty array
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** Nanoseconds as the decimal seconds that DateTime64(9) reads. */
function seconds(unixNano: Long64): string {
  const digits = unixNano.toString().padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
