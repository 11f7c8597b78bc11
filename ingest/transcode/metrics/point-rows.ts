import { ANOMALY } from '../../../core/anomaly.ts';
import type { FixedColumn } from '../columns/fixed-column.ts';
import { EventTime } from '../event-time.ts';
import { isValidId, SPAN_ID_BYTES, TRACE_ID_BYTES } from '../ids.ts';
import type { Walk } from '../walk.ts';
import { NOT_SENT, type WireReader } from '../wire-reader.ts';
import type { ExemplarColumns, PointColumns } from './metric-columns.ts';
import { EXEMPLAR_DOUBLE, EXEMPLAR_WIDTH, type PointScan } from './point-scan.ts';

const start = new EventTime();
const time = new EventTime();

/**
 * Writes what the rows of all metric tables have in common, but for Anomalies and what is the same for all of their
 * metric, scope or resource. Moves the reader.
 * @returns anomaly bits so far
 */
export function writePoint(columns: PointColumns, walk: Walk, point: PointScan): number {
  const anomalies = writeTimes(columns, walk, point) | columns.Attributes.push(walk.reader, point.attributes);
  columns.Flags.data.int32(point.flags);
  return anomalies;
}

/** A start that does not fit becomes 0, OTLP's word for an unknown start: the arrival would lie after the point. */
function writeTimes(columns: PointColumns, walk: Walk, point: PointScan): number {
  const { reader, arrival } = walk;
  const startAnomaly = start.read(reader, point.startAt, arrival);
  const timeAnomaly = time.read(reader, point.timeAt, arrival);
  let anomalies = startAnomaly | timeAnomaly;
  if (!time.known) anomalies |= ANOMALY.timeMissing;
  if (startAnomaly !== 0) columns.StartTimeUnix.data.int64(0, 0);
  else columns.StartTimeUnix.data.int64(start.low, start.high);
  columns.TimeUnix.data.int64(time.low, time.high);
  return anomalies === 0 && time.isBefore(start) ? ANOMALY.startAfterTime : anomalies;
}

export function writeExemplars(columns: ExemplarColumns, walk: Walk, point: PointScan): number {
  const { reader, arrival } = walk;
  const { places, length } = point.exemplars;
  let anomalies = 0;
  for (let at = 0; at < length; at += EXEMPLAR_WIDTH) {
    anomalies |= time.read(reader, places[at] as number, arrival);
    columns['Exemplars.TimeUnix'].items.data.int64(time.low, time.high);
    const values = columns['Exemplars.Value'].items;
    const valueAt = places[at + 2] as number;
    if (places[at + 1] === 0) values.data.float64(Number.NaN);
    else if (places[at + 1] === EXEMPLAR_DOUBLE) writeFixed64(values, reader, valueAt);
    else values.data.float64(int64AsDouble(reader, valueAt));
    anomalies |= writeExemplarIds(columns, reader, places, at);
    const attributes = columns['Exemplars.FilteredAttributes'].items;
    anomalies |= attributes.push(reader, point.nested, places[at + 7] as number, places[at + 8] as number);
  }
  columns['Exemplars.TimeUnix'].endRow(length / EXEMPLAR_WIDTH);
  return anomalies;
}

/** Most exemplars stand in a span; one without ids is normal, one with malformed ids points nowhere. */
function writeExemplarIds(
  columns: ExemplarColumns,
  reader: WireReader,
  places: Int32Array,
  at: number,
): number {
  const spanAt = places[at + 3] as number;
  const spanBytes = places[at + 4] as number;
  const traceAt = places[at + 5] as number;
  const traceBytes = places[at + 6] as number;
  const spanIds = columns['Exemplars.SpanId'].items;
  const traceIds = columns['Exemplars.TraceId'].items;
  const spanValid = isValidId(reader, spanAt, spanBytes, SPAN_ID_BYTES);
  const traceValid = isValidId(reader, traceAt, traceBytes, TRACE_ID_BYTES);
  if (traceValid) traceIds.pushHex(reader, traceAt, TRACE_ID_BYTES);
  else traceIds.pushEmpty();
  if (spanValid && (traceValid || traceBytes === 0)) spanIds.pushHex(reader, spanAt, SPAN_ID_BYTES);
  else spanIds.pushEmpty();
  return (traceValid || traceBytes === 0) && (spanValid || spanBytes === 0) ? 0 : ANOMALY.idInvalid;
}

/** Eight bytes as they are; zero when they were not sent. */
export function writeFixed64(column: FixedColumn, reader: WireReader, at: number): void {
  if (at === NOT_SENT) column.data.int64(0, 0);
  else column.data.int64(reader.view.getInt32(at, true), reader.view.getInt32(at + 4, true));
}

/** A double that OTLP calls optional: not sent is unknown, which is NaN, never 0. */
export function writeOptionalDouble(column: FixedColumn, reader: WireReader, at: number): void {
  if (at === NOT_SENT) column.data.float64(Number.NaN);
  else writeFixed64(column, reader, at);
}

/** The double next to a signed 64-bit integer. */
export function int64AsDouble(reader: WireReader, at: number): number {
  return reader.view.getInt32(at + 4, true) * 2 ** 32 + reader.view.getUint32(at, true);
}
