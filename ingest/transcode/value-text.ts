import type { TextColumn } from './columns/text-column.ts';
import { NumberText } from './number-text.ts';
import { jsonOfValue } from './value-json.ts';
import { VALUE } from './value-scan.ts';
import { WireReader } from './wire-reader.ts';

const TRUE = new WireReader(Buffer.from('true'));
const FALSE = new WireReader(Buffer.from('false'));
const number = new NumberText();

/**
 * Appends an AnyValue that `ValueScan` has read, as OpenTelemetry represents it where there is only text: text
 * as it is, numbers and booleans as JSON, bytes in base64, nothing as the empty text, arrays and maps as JSON.
 * @returns anomaly bits
 */
export function pushValueText(
  column: TextColumn,
  reader: WireReader,
  kind: number,
  at: number,
  byteCount: number,
): number {
  if (kind === VALUE.text) return column.push(reader, at, byteCount);
  if (kind === VALUE.int || kind === VALUE.bool) {
    const first = reader.bytes[at] as number;
    const second = first < 0x80 ? 0 : (reader.bytes[at + 1] as number);
    if (second < 0x80) {
      const value = (first & 0x7f) | (second << 7);
      if (kind === VALUE.int) column.pushInteger(value);
      else pushBoolean(column, value !== 0);
      return 0;
    }
    return pushLongVarint(column, reader, kind, at);
  }
  if (kind === VALUE.double) {
    number.setDouble(reader.view.getFloat64(at, true));
    return column.push(number, number.start, number.byteCount);
  }
  return pushRareText(column, reader, kind, at, byteCount);
}

function pushLongVarint(column: TextColumn, reader: WireReader, kind: number, at: number): number {
  reader.position = at;
  reader.varint64(reader.bytes.length);
  if (kind === VALUE.bool) pushBoolean(column, (reader.low | reader.high) !== 0);
  else if (reader.high === 0 && reader.low >= 0) column.pushInteger(reader.low);
  else {
    number.setInt64(reader.low, reader.high);
    column.push(number, number.start, number.byteCount);
  }
  return 0;
}

function pushBoolean(column: TextColumn, value: boolean): void {
  if (value) column.push(TRUE, 0, 4);
  else column.push(FALSE, 0, 5);
}

function pushRareText(
  column: TextColumn,
  reader: WireReader,
  kind: number,
  at: number,
  byteCount: number,
): number {
  if (kind === VALUE.empty) {
    column.pushEmpty();
    return 0;
  }
  if (kind === VALUE.bytes) {
    const base64 = new WireReader(Buffer.from(bytesOf(reader, at, byteCount).toString('base64'), 'latin1'));
    return column.push(base64, 0, base64.bytes.length);
  }
  const { json, anomalies } = jsonOfValue(reader, { kind, at, byteCount });
  const text = new WireReader(Buffer.from(json));
  return column.push(text, 0, text.bytes.length) | anomalies;
}

function bytesOf(reader: WireReader, at: number, byteCount: number): Buffer {
  return Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset + at, byteCount);
}
