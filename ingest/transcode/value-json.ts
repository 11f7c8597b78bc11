import { isUtf8 } from 'node:buffer';
import { ANOMALY } from '../../core/anomaly.ts';
import { VALUE, ValueScan } from './value-scan.ts';
import type { WireReader } from './wire-reader.ts';

interface Place {
  readonly kind: number;
  readonly at: number;
  readonly byteCount: number;
}

/**
 * An array or map that `ValueScan` has read, as JSON: integers exact, NaN and infinities as JSON strings, bytes
 * in base64, the empty value as null. Of a key that occurs twice the first value is kept.
 */
export function jsonOfValue(reader: WireReader, place: Place): { json: string; anomalies: number } {
  const writer = new JsonWriter(reader);
  return { json: writer.value(place), anomalies: writer.anomalies };
}

/** Strings and objects per value are in order here: nested values are rare, and never on the hot path. */
class JsonWriter {
  anomalies = 0;
  readonly #reader: WireReader;

  constructor(reader: WireReader) {
    this.#reader = reader;
  }

  value(place: Place): string {
    const { kind, at, byteCount } = place;
    switch (kind) {
      case VALUE.text:
        return JSON.stringify(this.#text(at, byteCount));
      case VALUE.bool:
        return this.#integer(at) === 0n ? 'false' : 'true';
      case VALUE.int:
        return this.#integer(at).toString();
      case VALUE.double: {
        const double = this.#reader.view.getFloat64(at, true);
        return Number.isFinite(double) ? String(double) : `"${double}"`;
      }
      case VALUE.array:
        return `[${this.#items(at, at + byteCount).join(',')}]`;
      case VALUE.map:
        return this.#map(at, at + byteCount);
      case VALUE.bytes:
        return `"${Buffer.from(this.#reader.bytes.subarray(at, at + byteCount)).toString('base64')}"`;
      default:
        return 'null';
    }
  }

  #items(at: number, end: number): string[] {
    const items: string[] = [];
    this.#each(at, end, (itemEnd) => {
      items.push(this.value(this.#scan(itemEnd)));
    });
    return items;
  }

  #map(at: number, end: number): string {
    const members = new Map<string, string>();
    this.#each(at, end, (itemEnd) => {
      const { key, place } = this.#pair(itemEnd);
      if (members.has(key)) this.anomalies |= ANOMALY.duplicateKeys;
      else members.set(key, this.value(place));
    });
    return `{${[...members].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;
  }

  #pair(end: number): { key: string; place: Place } {
    const reader = this.#reader;
    let key = '';
    let place: Place = { kind: VALUE.empty, at: 0, byteCount: 0 };
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag !== 0x0a && tag !== 0x12) {
        reader.skip(tag, end);
        continue;
      }
      const contentEnd = reader.contentEnd(end);
      if (tag === 0x0a) key = this.#text(reader.position, contentEnd - reader.position);
      else place = this.#scan(contentEnd);
      reader.position = contentEnd;
    }
    return { key, place };
  }

  /** Calls back for every item of an ArrayValue or KeyValueList, with the reader at the item. */
  #each(at: number, end: number, visit: (itemEnd: number) => void): void {
    const reader = this.#reader;
    reader.position = at;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag !== 0x0a) {
        reader.skip(tag, end);
        continue;
      }
      const itemEnd = reader.contentEnd(end);
      visit(itemEnd);
      reader.position = itemEnd;
    }
  }

  #scan(end: number): Place {
    const scan = new ValueScan();
    scan.readShallow(this.#reader, end);
    return scan;
  }

  #integer(at: number): bigint {
    const reader = this.#reader;
    reader.position = at;
    reader.varint64(reader.bytes.length);
    return (BigInt(reader.high) << 32n) | BigInt(reader.low >>> 0);
  }

  #text(at: number, byteCount: number): string {
    const bytes = this.#reader.bytes.subarray(at, at + byteCount);
    if (!isUtf8(bytes)) this.anomalies |= ANOMALY.invalidUtf8;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  }
}
