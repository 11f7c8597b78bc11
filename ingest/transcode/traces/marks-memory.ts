import { parseTraceState } from '../../../core/sampling/parse-trace-state.ts';
import { WEIGHT_KINDS, type WeightKind } from '../../../core/sampling/sampling-window.ts';
import { weightOfMarks } from '../../../core/sampling/weight-of.ts';
import { ByteDictionary } from '../columns/byte-dictionary.ts';
import { NO_TEXT, type TextPlace } from '../text-place.ts';
import { WireReader } from '../wire-reader.ts';

/** Thresholds are few, but with `rv` every trace has a text of its own. */
const TEXTS_MAX = 4_096;
/** What is longer is parsed every time: what is remembered stays below 2 MiB. */
const TEXT_BYTES_MAX = 512;
/** 56 bits in two halves: as one number they would be a bigint or not exact. */
const HALF_DIGITS = 7;

/** What SDKs write: `ot=th:` and up to 14 digits, then `;rv:` and 14. */
const HEAD = Buffer.from('ot=th:');
const RV_HEAD = Buffer.from(';rv:');
const RANDOMNESS_BYTES = 14;
const RV_BYTES = RV_HEAD.length + RANDOMNESS_BYTES;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;

/** 28 bits each. */
export interface Halves {
  readonly high: number;
  readonly low: number;
}

/** What a trace state says, in the forms that a row takes. */
export interface StoredMarks {
  /** Index in WEIGHT_KINDS. */
  readonly kind: number;
  readonly key: TextPlace;
  readonly randomness: TextPlace;
  /** Null where there is no threshold to compare with; then the rest is all there is to say. */
  readonly threshold: Halves | null;
  /** Of `rv`; null where R is in the trace id. */
  readonly randomnessHalves: Halves | null;
}

export const UNMARKED: StoredMarks = {
  kind: kindIndex('none'),
  key: NO_TEXT,
  randomness: NO_TEXT,
  threshold: null,
  randomnessHalves: null,
};

export function kindIndex(kind: WeightKind): number {
  return WEIGHT_KINDS.indexOf(kind);
}

export function placeOf(text: string): TextPlace {
  const source = new WireReader(Buffer.from(text));
  return { source, at: 0, byteCount: source.bytes.length };
}

/** Parses a trace state once per distinct text, found by its bytes: 10 ns when it is that of the span before. */
export class MarksMemory {
  readonly #texts = new ByteDictionary();
  #marks: StoredMarks[] = [];
  #previous = -1;

  recall(reader: WireReader, at: number, byteCount: number): StoredMarks {
    if (!isThresholdAndRandomness(reader.bytes, at, byteCount))
      return this.#recallText(reader, at, byteCount);
    // Texts with `rv` are as many as traces, but what stands before it is one of a few.
    const marks = this.#recallText(reader, at, byteCount - RV_BYTES);
    if (marks.threshold === null) return this.#recallText(reader, at, byteCount);
    const randomnessAt = at + byteCount - RANDOMNESS_BYTES;
    return {
      ...marks,
      randomness: { source: reader, at: randomnessAt, byteCount: RANDOMNESS_BYTES },
      randomnessHalves: {
        high: hexAt(reader.bytes, randomnessAt),
        low: hexAt(reader.bytes, randomnessAt + HALF_DIGITS),
      },
    };
  }

  #recallText(reader: WireReader, at: number, byteCount: number): StoredMarks {
    if (byteCount > TEXT_BYTES_MAX) return storedMarks(reader, at, byteCount);
    const found = this.#texts.indexAfter(this.#previous, reader, at, byteCount);
    const index = found < 0 ? ~found : found;
    this.#previous = index;
    const known = this.#marks[index];
    if (known !== undefined) return known;
    const marks = storedMarks(reader, at, byteCount);
    this.#marks.push(marks);
    if (this.#marks.length === TEXTS_MAX) this.#forget();
    return marks;
  }

  #forget(): void {
    this.#texts.reset();
    this.#marks = [];
    this.#previous = -1;
  }
}

function storedMarks(reader: WireReader, at: number, byteCount: number): StoredMarks {
  const marks = parseTraceState(
    Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset + at, byteCount).toString(),
  );
  const { kind, key } = weightOfMarks(marks);
  return {
    kind: kindIndex(kind),
    key: key === '' ? NO_TEXT : placeOf(key),
    randomness: marks.randomness === null ? NO_TEXT : placeOf(marks.randomness),
    threshold: kind === 'threshold' && marks.threshold !== null ? halvesOf(marks.threshold) : null,
    randomnessHalves: marks.randomness === null ? null : halvesOf(marks.randomness),
  };
}

function halvesOf(hex: string): Halves {
  return {
    high: Number.parseInt(hex.slice(0, HALF_DIGITS), 16),
    low: Number.parseInt(hex.slice(HALF_DIGITS), 16),
  };
}

function isThresholdAndRandomness(bytes: Uint8Array, at: number, byteCount: number): boolean {
  const digitsAt = at + HEAD.length;
  const rvAt = at + byteCount - RV_BYTES;
  if (rvAt <= digitsAt || rvAt - digitsAt > RANDOMNESS_BYTES) return false;
  for (let i = 0; i < HEAD.length; i++) if (bytes[at + i] !== HEAD[i]) return false;
  for (let i = 0; i < RV_HEAD.length; i++) if (bytes[rvAt + i] !== RV_HEAD[i]) return false;
  for (let i = digitsAt; i < rvAt; i++) if (bytes[i] === COMMA || bytes[i] === SEMICOLON) return false;
  for (let i = rvAt + RV_HEAD.length; i < at + byteCount; i++)
    if (!isHexDigit(bytes[i] as number)) return false;
  return true;
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);
}

/** Half of the digits, which are known to be hexadecimal. */
function hexAt(bytes: Uint8Array, at: number): number {
  let number = 0;
  for (let i = at; i < at + HALF_DIGITS; i++) {
    const byte = bytes[i] as number;
    number = (number << 4) | (byte <= 0x39 ? byte - 0x30 : byte - 0x57);
  }
  return number;
}
