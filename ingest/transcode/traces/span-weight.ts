import { samplingColumns } from '../../../core/sampling/sampling-columns.ts';
import { WEIGHT_ATTRIBUTES, type WeightAttributes } from '../../../core/sampling/weight-of.ts';
import { ATTRIBUTE_WIDTH, type AttributeList } from '../attribute-list.ts';
import { TextColumn } from '../columns/text-column.ts';
import { TRACE_ID_BYTES } from '../ids.ts';
import { pushValueText } from '../value-text.ts';
import type { WireReader } from '../wire-reader.ts';
import { type Halves, kindIndex, MarksMemory, placeOf, UNMARKED } from './marks-memory.ts';
import type { SpanColumns } from './span-columns.ts';
import type { SpanScan } from './span-scan.ts';

const memory = new MarksMemory();
const value = new TextColumn();
const INVALID = kindIndex('invalid');
const FLAG_UNSET = placeOf('sampled_flag_unset_with_consistent_th');
const SAMPLED = 0x01;
/** R is the last seven bytes of a trace id. */
const RANDOMNESS_AT = 9;

/**
 * The sampling columns of a row whose SpanAttributes are written. Once per span: 15 ns without marks. It is the same
 * as `samplingColumns`, which is called only where attributes have a say.
 */
export function writeWeight(columns: SpanColumns, reader: WireReader, span: SpanScan, flags: number): void {
  if (columns.SpanAttributes.hasSeeded) {
    writeByAttributes(columns, reader, span, flags);
    return;
  }
  const { traceStateAt, traceStateBytes } = span;
  const marks = traceStateBytes === 0 ? UNMARKED : memory.recall(reader, traceStateAt, traceStateBytes);
  let { kind, key } = marks;
  let isViolation = false;
  if (marks.threshold !== null) {
    isViolation = isBelow(marks.randomnessHalves, marks.threshold, reader, span.traceIdAt);
    if (!isViolation && flags !== 0 && (flags & SAMPLED) === 0) {
      kind = INVALID;
      key = FLAG_UNSET;
    }
  }
  columns.WeightKind.pushIndex(kind);
  columns.WeightKey.push(key.source, key.at, key.byteCount);
  columns.SamplingRandomness.push(marks.randomness.source, marks.randomness.at, marks.randomness.byteCount);
  columns.SamplingViolation.data.uint8(isViolation ? 1 : 0);
}

function isBelow(
  randomness: Halves | null,
  threshold: Halves,
  reader: WireReader,
  traceIdAt: number,
): boolean {
  if (randomness !== null) {
    return (
      randomness.high < threshold.high ||
      (randomness.high === threshold.high && randomness.low < threshold.low)
    );
  }
  const upper = reader.view.getUint32(traceIdAt + RANDOMNESS_AT);
  const high = upper >>> 4;
  if (high !== threshold.high) return high < threshold.high;
  const lower = reader.view.getUint32(traceIdAt + RANDOMNESS_AT + 3);
  return (lower & 0xfff_ffff) < threshold.low;
}

function writeByAttributes(columns: SpanColumns, reader: WireReader, span: SpanScan, flags: number): void {
  const row = samplingColumns({
    traceState: textAt(reader, span.traceStateAt, span.traceStateBytes),
    traceId: Buffer.from(reader.bytes.subarray(span.traceIdAt, span.traceIdAt + TRACE_ID_BYTES)).toString(
      'hex',
    ),
    flags,
    attributes: weightAttributes(reader, span.attributes),
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
