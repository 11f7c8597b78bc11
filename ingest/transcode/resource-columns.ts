import { chargeRepeats } from './charge-repeats.ts';
import type { Column } from './columns/column.ts';
import type { FixedColumn } from './columns/fixed-column.ts';
import type { ByteSource } from './columns/growing-bytes.ts';
import type { LowCardinalityColumn } from './columns/low-cardinality-column.ts';
import type { MapColumn } from './columns/map-column.ts';
import type { TableBuilder } from './table-builder.ts';
import type { TextPlace } from './text-place.ts';
import type { Walk } from './walk.ts';

/** `String` or `LowCardinality(String)`: the tables do not agree on which. */
export interface RepeatedText extends Column {
  repeat(source: ByteSource, at: number, byteCount: number, times: number): number;
}

/** Columns of every table that hold the same in all rows of a resource. */
export interface ResourceColumns {
  readonly ResourceAttributes: MapColumn;
  readonly ResourceSchemaUrl: RepeatedText;
  readonly ServiceName: LowCardinalityColumn;
  readonly ReceivedAt: FixedColumn;
  readonly Tenant: LowCardinalityColumn;
  readonly ServiceNamespace: LowCardinalityColumn;
  readonly ServiceInstanceId: LowCardinalityColumn;
  readonly Anomalies: FixedColumn;
}

/** Fills the resource's columns for the rows since `resourceFrom`: one encoding, then copies of it. */
export function fillResource(
  table: Pick<TableBuilder<never>, 'rowCount' | 'resourceFrom'>,
  columns: ResourceColumns,
  walk: Walk,
): void {
  const times = table.rowCount - table.resourceFrom;
  if (times === 0) return;
  const { resource, arrival } = walk;
  chargeRepeats(walk, resource.byteCount + resource.schemaUrl.byteCount, times);
  let anomalies = columns.ResourceAttributes.push(walk.reader, resource.attributes);
  columns.ResourceAttributes.repeatLast(times - 1);
  anomalies |= repeat(columns.ResourceSchemaUrl, resource.schemaUrl, times);
  anomalies |= repeat(columns.ServiceName, resource.serviceName, times);
  anomalies |= repeat(columns.ServiceNamespace, resource.serviceNamespace, times);
  anomalies |= repeat(columns.ServiceInstanceId, resource.serviceInstanceId, times);
  columns.ReceivedAt.repeatInt64(arrival.msLow, arrival.msHigh, times);
  columns.Tenant.repeat(arrival.tenant, 0, arrival.tenant.bytes.length, times);
  if (anomalies !== 0) {
    columns.Anomalies.orUint32(anomalies, table.resourceFrom);
    walk.judgement.note(anomalies, times);
  }
  table.resourceFrom = table.rowCount;
}

export function repeat(column: RepeatedText, text: TextPlace, times: number): number {
  return column.repeat(text.source, text.at, text.byteCount, times);
}
