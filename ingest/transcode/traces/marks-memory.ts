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
