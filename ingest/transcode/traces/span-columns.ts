import { WEIGHT_KINDS } from '../../../core/sampling/sampling-window.ts';
import { WEIGHT_ATTRIBUTES } from '../../../core/sampling/weight-of.ts';
import { ArrayColumn } from '../columns/array-column.ts';
import { ArrayOffsets } from '../columns/array-offsets.ts';
import { FixedColumn } from '../columns/fixed-column.ts';
import { LowCardinalityColumn } from '../columns/low-cardinality-column.ts';
import { MapColumn } from '../columns/map-column.ts';
import { TextColumn } from '../columns/text-column.ts';

/** Names of OTLP's span kinds and status codes by number, as the Collector's exporter writes them. */
export const SPAN_KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'] as const;
export const STATUS_CODES = ['Unset', 'Ok', 'Error'] as const;

export type SpanColumns = ReturnType<typeof spanColumns>;

/** The columns of otel_traces that are inserted, in the order of the table. */
export function spanColumns() {
  const events = new ArrayOffsets();
  const links = new ArrayOffsets();
  return {
    Timestamp: new FixedColumn("DateTime64(9, 'UTC')"),
    TraceId: new TextColumn(),
    SpanId: new TextColumn(),
    ParentSpanId: new TextColumn(),
    TraceState: new TextColumn(),
    SpanName: new LowCardinalityColumn(),
    SpanKind: new LowCardinalityColumn(SPAN_KINDS),
    ServiceName: new LowCardinalityColumn(),
    ResourceAttributes: new MapColumn(),
    ScopeName: new TextColumn(),
    ScopeVersion: new TextColumn(),
    SpanAttributes: new MapColumn(WEIGHT_ATTRIBUTES),
    Duration: new FixedColumn('UInt64'),
    StatusCode: new LowCardinalityColumn(STATUS_CODES),
    StatusMessage: new TextColumn(),
    'Events.Timestamp': new ArrayColumn(events, new FixedColumn("DateTime64(9, 'UTC')")),
    'Events.Name': new ArrayColumn(events, new LowCardinalityColumn()),
    'Events.Attributes': new ArrayColumn(events, new MapColumn()),
    'Links.TraceId': new ArrayColumn(links, new TextColumn()),
    'Links.SpanId': new ArrayColumn(links, new TextColumn()),
    'Links.TraceState': new ArrayColumn(links, new TextColumn()),
    'Links.Attributes': new ArrayColumn(links, new MapColumn()),
    ReceivedAt: new FixedColumn("DateTime64(3, 'UTC')"),
    Tenant: new LowCardinalityColumn(),
    ServiceNamespace: new LowCardinalityColumn(),
    ServiceInstanceId: new LowCardinalityColumn(),
    SpanFlags: new FixedColumn('UInt32'),
    ResourceSchemaUrl: new LowCardinalityColumn(),
    ScopeSchemaUrl: new LowCardinalityColumn(),
    DroppedAttributesCount: new FixedColumn('UInt32'),
    DroppedEventsCount: new FixedColumn('UInt32'),
    DroppedLinksCount: new FixedColumn('UInt32'),
    Anomalies: new FixedColumn('UInt32'),
    'Events.DroppedAttributesCount': new ArrayColumn(events, new FixedColumn('UInt32')),
    'Links.DroppedAttributesCount': new ArrayColumn(links, new FixedColumn('UInt32')),
    'Links.Flags': new ArrayColumn(links, new FixedColumn('UInt32')),
    WeightKind: new LowCardinalityColumn(WEIGHT_KINDS),
    WeightKey: new LowCardinalityColumn(),
    SamplingRandomness: new TextColumn(),
    SamplingViolation: new FixedColumn('UInt8'),
  };
}
