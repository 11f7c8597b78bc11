import { WEIGHT_KINDS } from '../../../core/sampling/sampling-window.ts';
import { WEIGHT_ATTRIBUTES } from '../../../core/sampling/weight-of.ts';
import { FixedColumn } from '../columns/fixed-column.ts';
import { LowCardinalityColumn } from '../columns/low-cardinality-column.ts';
import { MapColumn } from '../columns/map-column.ts';
import { TextColumn } from '../columns/text-column.ts';

export type LogColumns = ReturnType<typeof logColumns>;

/** The columns of otel_logs that are inserted, in the order of the table. */
export function logColumns() {
  return {
    Timestamp: new FixedColumn("DateTime64(9, 'UTC')"),
    TraceId: new TextColumn(),
    SpanId: new TextColumn(),
    TraceFlags: new FixedColumn('UInt8'),
    SeverityText: new LowCardinalityColumn(),
    SeverityNumber: new FixedColumn('UInt8'),
    ServiceName: new LowCardinalityColumn(),
    Body: new TextColumn(),
    ResourceSchemaUrl: new LowCardinalityColumn(),
    ResourceAttributes: new MapColumn(),
    ScopeSchemaUrl: new LowCardinalityColumn(),
    ScopeName: new TextColumn(),
    ScopeVersion: new LowCardinalityColumn(),
    ScopeAttributes: new MapColumn(),
    LogAttributes: new MapColumn(WEIGHT_ATTRIBUTES),
    EventName: new TextColumn(),
    ReceivedAt: new FixedColumn("DateTime64(3, 'UTC')"),
    Tenant: new LowCardinalityColumn(),
    ServiceNamespace: new LowCardinalityColumn(),
    ServiceInstanceId: new LowCardinalityColumn(),
    ObservedTimestamp: new FixedColumn("DateTime64(9, 'UTC')"),
    LogFlags: new FixedColumn('UInt32'),
    DroppedAttributesCount: new FixedColumn('UInt32'),
    Anomalies: new FixedColumn('UInt32'),
    WeightKind: new LowCardinalityColumn(WEIGHT_KINDS),
    WeightKey: new LowCardinalityColumn(),
    SamplingRandomness: new TextColumn(),
    SamplingViolation: new FixedColumn('UInt8'),
  };
}
