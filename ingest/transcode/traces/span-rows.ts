import { ANOMALY } from '../../../core/anomaly.ts';
import type { Arrival } from '../arrival.ts';
import type { LowCardinalityColumn } from '../columns/low-cardinality-column.ts';
import { EventTime } from '../event-time.ts';
import { isValidId, SPAN_ID_BYTES, TRACE_ID_BYTES } from '../ids.ts';
import { NumberText } from '../number-text.ts';
import { NOT_SENT, type WireReader } from '../wire-reader.ts';
import { SPAN_KINDS, type SpanColumns, STATUS_CODES } from './span-columns.ts';
import { EVENT_WIDTH, LINK_WIDTH, type SpanScan } from './span-scan.ts';
import { writeWeight } from './span-weight.ts';

const start = new EventTime();
const end = new EventTime();
const moment = new EventTime();
const unnamed = new NumberText();

/**
 * Writes one row of otel_traces from a span that has been read and found valid, but for the columns that are
 * the same for all of its scope or resource. Moves the reader.
 * @returns anomaly bits of the row
 */
export function writeSpan(
  columns: SpanColumns,
  reader: WireReader,
  span: SpanScan,
  arrival: Arrival,
): number {
  columns.TraceId.pushHex(reader, span.traceIdAt, TRACE_ID_BYTES);
  columns.SpanId.pushHex(reader, span.spanIdAt, SPAN_ID_BYTES);
  let anomalies = writeParent(columns, reader, span);
  anomalies |= writeTimes(columns, reader, span, arrival);
  anomalies |= columns.TraceState.push(reader, span.traceStateAt, span.traceStateBytes);
  anomalies |= columns.SpanName.push(reader, span.nameAt, span.nameBytes);
  pushEnum(columns.SpanKind, SPAN_KINDS, span.kind);
  pushEnum(columns.StatusCode, STATUS_CODES, span.statusCode);
  anomalies |= columns.StatusMessage.push(reader, span.messageAt, span.messageBytes);
  anomalies |= columns.SpanAttributes.push(reader, span.attributes);
  anomalies |= writeEvents(columns, reader, span, arrival);
  anomalies |= writeLinks(columns, reader, span);
  const flags = flagsAt(reader, span.flagsAt);
  columns.SpanFlags.data.int32(flags);
  writeWeight(columns, reader, span, flags);
  columns.DroppedAttributesCount.data.int32(span.droppedAttributesCount);
  columns.DroppedEventsCount.data.int32(span.droppedEventsCount);
  columns.DroppedLinksCount.data.int32(span.droppedLinksCount);
  columns.Anomalies.data.int32(anomalies);
  return anomalies;
}

function flagsAt(reader: WireReader, at: number): number {
  return at === NOT_SENT ? 0 : reader.view.getInt32(at, true);
}

/** A number that OTLP gives no name to (yet) is stored as it is. */
function pushEnum(column: LowCardinalityColumn, names: readonly string[], number: number): void {
  if (number < names.length) {
    column.pushIndex(number);
    return;
  }
  unnamed.setInt64(number | 0, number >> 31);
  column.push(unnamed, unnamed.start, unnamed.byteCount);
}

/** A malformed or all-zero parent id (some exporters send zeros for "none") makes a root, marked. */
function writeParent(columns: SpanColumns, reader: WireReader, span: SpanScan): number {
  if (isValidId(reader, span.parentIdAt, span.parentIdBytes, SPAN_ID_BYTES)) {
    columns.ParentSpanId.pushHex(reader, span.parentIdAt, SPAN_ID_BYTES);
    return 0;
  }
  columns.ParentSpanId.pushEmpty();
  return span.parentIdBytes === 0 ? 0 : ANOMALY.parentIdInvalid;
}

/**
 * Timestamp + Duration is the end of the span, and always fits Int64: SQL adds them without a check.
 * A start of 0 is stored as it is, so that nothing is lost of a span that has an end but no start.
 */
function writeTimes(columns: SpanColumns, reader: WireReader, span: SpanScan, arrival: Arrival): number {
  let anomalies = start.read(reader, span.startAt, arrival) | end.read(reader, span.endAt, arrival);
  if (!start.known || !end.known) anomalies |= ANOMALY.timeMissing;
  columns.Timestamp.data.int64(start.low, start.high);
  if (end.isBefore(start)) {
    columns.Duration.data.int64(0, 0);
    // Of a time that was replaced or never sent nobody can say that it was too early.
    return anomalies === 0 ? ANOMALY.endBeforeStart : anomalies;
  }
  const borrow = end.low >>> 0 < start.low >>> 0 ? 1 : 0;
  columns.Duration.data.int64((end.low - start.low) | 0, end.high - start.high - borrow);
  return anomalies;
}

function writeEvents(columns: SpanColumns, reader: WireReader, span: SpanScan, arrival: Arrival): number {
  const { places, length } = span.events;
  const times = columns['Events.Timestamp'];
  let anomalies = 0;
  for (let at = 0; at < length; at += EVENT_WIDTH) {
    anomalies |= moment.read(reader, places[at] as number, arrival);
    times.items.data.int64(moment.low, moment.high);
    anomalies |= columns['Events.Name'].items.push(
      reader,
      places[at + 1] as number,
      places[at + 2] as number,
    );
    const from = places[at + 3] as number;
    anomalies |= columns['Events.Attributes'].items.push(reader, span.nested, from, places[at + 4] as number);
    columns['Events.DroppedAttributesCount'].items.data.int32(places[at + 5] as number);
  }
  times.endRow(length / EVENT_WIDTH);
  return anomalies;
}

function writeLinks(columns: SpanColumns, reader: WireReader, span: SpanScan): number {
  const { places, length } = span.links;
  let anomalies = 0;
  for (let at = 0; at < length; at += LINK_WIDTH) {
    const traceIds = columns['Links.TraceId'].items;
    const spanIds = columns['Links.SpanId'].items;
    const valid =
      isValidId(reader, places[at] as number, places[at + 1] as number, TRACE_ID_BYTES) &&
      isValidId(reader, places[at + 2] as number, places[at + 3] as number, SPAN_ID_BYTES);
    if (valid) {
      traceIds.pushHex(reader, places[at] as number, TRACE_ID_BYTES);
      spanIds.pushHex(reader, places[at + 2] as number, SPAN_ID_BYTES);
    } else {
      anomalies |= ANOMALY.idInvalid;
      traceIds.pushEmpty();
      spanIds.pushEmpty();
    }
    anomalies |= columns['Links.TraceState'].items.push(
      reader,
      places[at + 4] as number,
      places[at + 5] as number,
    );
    const from = places[at + 6] as number;
    anomalies |= columns['Links.Attributes'].items.push(reader, span.nested, from, places[at + 7] as number);
    columns['Links.DroppedAttributesCount'].items.data.int32(places[at + 8] as number);
    columns['Links.Flags'].items.data.int32(flagsAt(reader, places[at + 9] as number));
  }
  columns['Links.TraceId'].endRow(length / LINK_WIDTH);
  return anomalies;
}
