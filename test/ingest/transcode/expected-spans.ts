import { samplingColumns } from '../../../core/sampling/sampling-columns.ts';
import {
  attributePairs,
  type Context,
  hex,
  isId,
  Oddities,
  pointingIds,
  sourceColumns,
  storedTime,
} from './expected-values.ts';
import type { Span, TraceRequest } from './otlp-model.ts';

const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const CODES = ['Unset', 'Ok', 'Error'];

/** Rows of otel_traces; a span without valid ids has none. */
export function expectedSpans(request: TraceRequest, context: Context): object[] {
  const rows: object[] = [];
  for (const { resource, scopeSpans, schemaUrl } of request.resourceSpans ?? []) {
    for (const { scope, spans, schemaUrl: scopeSchemaUrl } of scopeSpans ?? []) {
      for (const span of spans ?? []) {
        if (!isId(span.traceId, 16) || !isId(span.spanId, 8)) continue;
        const odd = new Oddities();
        const row = {
          ...sourceColumns(resource?.attributes, context),
          ResourceAttributes: attributePairs(resource?.attributes, odd),
          ResourceSchemaUrl: schemaUrl ?? '',
          ScopeName: scope?.name ?? '',
          ScopeVersion: scope?.version ?? '',
          ScopeSchemaUrl: scopeSchemaUrl ?? '',
          ...spanColumns(span, context, odd),
        };
        rows.push({ ...row, Anomalies: odd.bits });
      }
    }
  }
  return rows;
}

function spanColumns(span: Span, context: Context, odd: Oddities) {
  const parentOk = isId(span.parentSpanId, 8);
  odd.add('parentIdInvalid', !parentOk && (span.parentSpanId?.length ?? 0) > 0);
  const links = (span.links ?? []).map((link) => {
    const valid = isId(link.traceId, 16) && isId(link.spanId, 8);
    odd.add('idInvalid', !valid);
    return valid ? pointingIds(link, odd) : { traceId: '', spanId: '' };
  });
  const events = span.events ?? [];
  return {
    ...spanTimes(span, context, odd),
    TraceId: hex(span.traceId),
    SpanId: hex(span.spanId),
    ParentSpanId: parentOk ? hex(span.parentSpanId) : '',
    TraceState: span.traceState ?? '',
    SpanName: span.name ?? '',
    SpanKind: KINDS[span.kind ?? 0] ?? String(span.kind),
    SpanAttributes: attributePairs(span.attributes, odd),
    StatusCode: CODES[span.status?.code ?? 0] ?? String(span.status?.code),
    StatusMessage: span.status?.message ?? '',
    'Events.Timestamp': events.map((event) => `${storedTime(event.timeUnixNano, context, odd)}`),
    'Events.Name': events.map((event) => event.name ?? ''),
    'Events.Attributes': events.map((event) => attributePairs(event.attributes, odd)),
    'Links.TraceId': links.map((link) => link.traceId),
    'Links.SpanId': links.map((link) => link.spanId),
    'Links.TraceState': (span.links ?? []).map((link) => link.traceState ?? ''),
    'Links.Attributes': (span.links ?? []).map((link) => attributePairs(link.attributes, odd)),
    'Events.DroppedAttributesCount': events.map((event) => event.droppedAttributesCount ?? 0),
    'Links.DroppedAttributesCount': (span.links ?? []).map((link) => link.droppedAttributesCount ?? 0),
    'Links.Flags': (span.links ?? []).map((link) => link.flags ?? 0),
    SpanFlags: span.flags ?? 0,
    ...samplingColumns({
      traceState: span.traceState ?? '',
      traceId: hex(span.traceId),
      flags: span.flags ?? 0,
      attributes: Object.fromEntries(attributePairs(span.attributes, new Oddities())),
    }),
    DroppedAttributesCount: span.droppedAttributesCount ?? 0,
    DroppedEventsCount: span.droppedEventsCount ?? 0,
    DroppedLinksCount: span.droppedLinksCount ?? 0,
  };
}

function spanTimes(span: Span, context: Context, odd: Oddities) {
  const times = new Oddities();
  const start = storedTime(span.startTimeUnixNano, context, times);
  const end = storedTime(span.endTimeUnixNano, context, times);
  times.add('timeMissing', (span.startTimeUnixNano ?? 0n) === 0n || (span.endTimeUnixNano ?? 0n) === 0n);
  times.add('endBeforeStart', end < start && times.bits === 0);
  odd.bits |= times.bits;
  return { Timestamp: `${start}`, Duration: `${end < start ? 0n : end - start}` };
}
