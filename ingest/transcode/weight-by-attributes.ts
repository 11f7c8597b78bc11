import { samplingColumns } from '../../core/sampling/sampling-columns.ts';
import { WEIGHT_ATTRIBUTES, type WeightAttributes } from '../../core/sampling/weight-of.ts';
import { ATTRIBUTE_WIDTH, type AttributeList } from './attribute-list.ts';
import type { FixedColumn } from './columns/fixed-column.ts';
import type { LowCardinalityColumn } from './columns/low-cardinality-column.ts';
import { TextColumn } from './columns/text-column.ts';
import { kindIndex, placeOf } from './traces/marks-memory.ts';
import { pushValueText } from './value-text.ts';
import type { WireReader } from './wire-reader.ts';

/** What a row of spans or log records says of its sampling; WeightKind was made with WEIGHT_KINDS. */
interface WeightColumns {
  readonly WeightKind: LowCardinalityColumn;
  readonly WeightKey: LowCardinalityColumn;
  readonly SamplingRandomness: TextColumn;
  readonly SamplingViolation: FixedColumn;
}

interface Place {
  readonly at: number;
  readonly byteCount: number;
}

const value = new TextColumn();

/** The sampling columns of an item whose attributes have a say; it is exactly `samplingColumns`. */
export function writeWeightByAttributes(
  columns: WeightColumns,
  reader: WireReader,
  item: {
    readonly traceState: Place;
    /** Empty where it has none. */
    readonly traceId: Place;
    readonly flags: number;
    readonly attributes: AttributeList;
  },
): void {
  const { at, byteCount } = item.traceId;
  const row = samplingColumns({
    traceState: textAt(reader, item.traceState.at, item.traceState.byteCount),
    traceId: Buffer.from(reader.bytes.subarray(at, at + byteCount)).toString('hex'),
    flags: item.flags,
    attributes: weightAttributes(reader, item.attributes),
  });
  const key = placeOf(row.WeightKey);
  const randomness = placeOf(row.SamplingRandomness);
  columns.WeightKind.pushIndex(kindIndex(row.WeightKind));
  columns.WeightKey.push(key.source, key.at, key.byteCount);
  columns.SamplingRandomness.push(randomness.source, randomness.at, randomness.byteCount);
  columns.SamplingViolation.data.uint8(row.SamplingViolation);
}

/** Of a key that occurs twice the first counts, as in the row. */
function weightAttributes(reader: WireReader, list: AttributeList): WeightAttributes {
  const names: readonly string[] = WEIGHT_ATTRIBUTES;
  const found = new Map<string, string>();
  for (let i = 0; i < list.count; i++) {
    const [keyAt, keyBytes, kind, valueAt, valueBytes] = list.entries.subarray(
      i * ATTRIBUTE_WIDTH,
      (i + 1) * ATTRIBUTE_WIDTH,
    ) as unknown as [number, number, number, number, number];
    const name = textAt(reader, keyAt, keyBytes);
    if (!names.includes(name) || found.has(name)) continue;
    value.reset();
    pushValueText(value, reader, kind, valueAt, valueBytes);
    const text = value.data.filled();
    found.set(name, Buffer.from(text.subarray(lengthBytes(text))).toString());
  }
  return Object.fromEntries(found);
}

/** Bytes of the length that stands before a text. */
function lengthBytes(text: Uint8Array): number {
  return text.findIndex((byte) => byte < 0x80) + 1;
}

function textAt(reader: WireReader, at: number, byteCount: number): string {
  return Buffer.from(reader.bytes.subarray(at, at + byteCount)).toString();
}
