import { TRACE_ID_BYTES } from '../ids.ts';
import { writeWeightByAttributes } from '../weight-by-attributes.ts';
import type { WireReader } from '../wire-reader.ts';
import { type Halves, kindIndex, MarksMemory, placeOf, UNMARKED } from './marks-memory.ts';
import type { SpanColumns } from './span-columns.ts';
import type { SpanScan } from './span-scan.ts';

const memory = new MarksMemory();
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
    const { traceStateAt, traceStateBytes, traceIdAt, attributes } = span;
    const traceState = { at: traceStateAt, byteCount: traceStateBytes };
    const traceId = { at: traceIdAt, byteCount: TRACE_ID_BYTES };
    writeWeightByAttributes(columns, reader, { traceState, traceId, flags, attributes });
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
