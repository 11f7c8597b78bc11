import { ANOMALY } from '../../../core/anomaly.ts';
import type { Arrival } from '../arrival.ts';
import { EventTime } from '../event-time.ts';
import { isValidId, SPAN_ID_BYTES, TRACE_ID_BYTES } from '../ids.ts';
import { pushValueText } from '../value-text.ts';
import { NOT_SENT, type WireReader } from '../wire-reader.ts';
import type { LogColumns } from './log-columns.ts';
import type { LogScan } from './log-scan.ts';
import { writeLogWeight } from './log-weight.ts';

/** Numbers that UInt8 holds; OTLP names 0 to 24. */
export const SEVERITY_NUMBER_MAX = 255;

const time = new EventTime();
const observed = new EventTime();

/**
 * Writes one row of otel_logs from a record that has been read, but for the columns that are the same for all of
 * its scope or resource. Moves the reader.
 * @returns anomaly bits of the row
 */
export function writeLog(columns: LogColumns, reader: WireReader, log: LogScan, arrival: Arrival): number {
  let anomalies = writeTimes(columns, reader, log, arrival);
  anomalies |= writeIds(columns, reader, log);
  const flags = log.flagsAt === NOT_SENT ? 0 : reader.view.getInt32(log.flagsAt, true);
  columns.TraceFlags.data.uint8(flags & 0xff);
  columns.LogFlags.data.int32(flags);
  anomalies |= columns.SeverityText.push(reader, log.severityTextAt, log.severityTextBytes);
  columns.SeverityNumber.data.uint8(log.severityNumber > SEVERITY_NUMBER_MAX ? 0 : log.severityNumber);
  const { body } = log;
  anomalies |= pushValueText(columns.Body, reader, body.kind, body.at, body.byteCount);
  anomalies |= columns.LogAttributes.push(reader, log.attributes);
  writeLogWeight(columns, reader, log);
  anomalies |= columns.EventName.push(reader, log.eventNameAt, log.eventNameBytes);
  columns.DroppedAttributesCount.data.int32(log.droppedAttributesCount);
  columns.Anomalies.data.int32(anomalies);
  return anomalies;
}

/** The event's own time; if it has none, when it was observed; if nobody says, when it arrived. */
function writeTimes(columns: LogColumns, reader: WireReader, log: LogScan, arrival: Arrival): number {
  let anomalies = time.read(reader, log.timeAt, arrival) | observed.read(reader, log.observedAt, arrival);
  columns.ObservedTimestamp.data.int64(observed.low, observed.high);
  if (time.known) columns.Timestamp.data.int64(time.low, time.high);
  else if (observed.known) columns.Timestamp.data.int64(observed.low, observed.high);
  else {
    columns.Timestamp.data.int64(arrival.nsLow, arrival.nsHigh);
    anomalies |= ANOMALY.timeMissing;
  }
  return anomalies;
}

/** A log outside of any span has no ids, which is not odd; malformed ones correlate with nothing. */
function writeIds(columns: LogColumns, reader: WireReader, log: LogScan): number {
  const noTrace = log.traceIdBytes === 0;
  const noSpan = log.spanIdBytes === 0;
  const traceValid = isValidId(reader, log.traceIdAt, log.traceIdBytes, TRACE_ID_BYTES);
  const spanValid = isValidId(reader, log.spanIdAt, log.spanIdBytes, SPAN_ID_BYTES);
  if (traceValid) columns.TraceId.pushHex(reader, log.traceIdAt, TRACE_ID_BYTES);
  else columns.TraceId.pushEmpty();
  // A span id says nothing without the trace it belongs to.
  if (spanValid && (traceValid || noTrace)) columns.SpanId.pushHex(reader, log.spanIdAt, SPAN_ID_BYTES);
  else columns.SpanId.pushEmpty();
  return (traceValid || noTrace) && (spanValid || noSpan) ? 0 : ANOMALY.idInvalid;
}
