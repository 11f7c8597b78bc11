import type { Signal } from '../core/signal.ts';
import type { Source } from '../core/source.ts';
import type { Dimension, Estimator, Limits, Outcome, Reason, Verdict } from '../core/verdict.ts';
import { NativeCursor } from './engine/native-column.ts';
import { VERDICT_KEY } from './verdicts.ts';

/** In the order in which `VerdictRows` walks over them: the key first, so that its bytes lie together. */
export const VERDICT_ROW_COLUMNS = `${VERDICT_KEY}, Outcome, Unit, Estimate, Lower, Upper, Confidence, N,
  LimitWarn, LimitFail, WindowStart, WindowEnd, EvaluatedAt, ValidUntil, Reasons, Estimators, Evidence`;

const KEY_TEXTS = 6;
/** From Confidence to ValidUntil, eight bytes each. */
const FIXED_BYTES = 64;
const EVALUATED_AT = 48;
const VALID_UNTIL = 56;
const PENDING_BYTES = 131_072;
/** As four bytes, behind the one that says that there are four. */
const PASS = Buffer.from('pass').readUInt32LE();
const FAIL = Buffer.from('fail').readUInt32LE();

/**
 * Walks over verdicts in ClickHouse's RowBinary as they come off the wire, one at a time. Thousands are renewed every
 * second and hardly any is read by somebody: a row is not made an object, its fields are those of the row it stands on.
 */
export class VerdictRows {
  outcome: Outcome = 'unknown';
  /** Infinity where it is not known. */
  upper = Number.POSITIVE_INFINITY;
  evaluatedAtMs = Number.NEGATIVE_INFINITY;
  validUntilMs = Number.NEGATIVE_INFINITY;
  #bytes = Buffer.allocUnsafe(PENDING_BYTES);
  #end = 0;
  #rowStart = 0;
  #keyEnd = 0;
  #fixedStart = 0;
  #rowEnd = 0;

  /** Bytes behind the row it stands on, which is left: the next is that behind it. */
  push(chunk: Uint8Array): void {
    const left = this.#end - this.#rowEnd;
    const into =
      left + chunk.length <= this.#bytes.length ? this.#bytes : Buffer.allocUnsafe(2 * (left + chunk.length));
    this.#bytes.copy(into, 0, this.#rowEnd, this.#end);
    into.set(chunk, left);
    this.#bytes = into;
    this.#end = left + chunk.length;
    this.#rowStart = 0;
    this.#rowEnd = 0;
  }

  /** Whether nothing but whole rows came. */
  get isAtEnd(): boolean {
    return this.#rowEnd === this.#end;
  }

  /** False when the next row is not all there yet. 14 fields to step over, no allocation. */
  next(): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.#rowEnd;
    let at = start;
    for (let i = 0; i < KEY_TEXTS; i++) at = afterText(bytes, at, end);
    const keyEnd = at;
    at = afterText(bytes, afterText(bytes, at, end), end);
    at = afterNullable(bytes, afterNullable(bytes, at, end), end);
    const upperAt = at;
    const fixedStart = afterNullable(bytes, at, end);
    at = fixedStart + FIXED_BYTES;
    for (let i = 0; i < 3; i++) at = afterText(bytes, at, end);
    if (at > end) return false;
    this.#rowStart = start;
    this.#keyEnd = keyEnd;
    this.#fixedStart = fixedStart;
    this.#rowEnd = at;
    this.outcome = outcomeAt(bytes, keyEnd);
    this.upper = bytes[upperAt] === 1 ? Number.POSITIVE_INFINITY : bytes.readDoubleLE(upperAt + 1);
    this.evaluatedAtMs = int64(bytes, fixedStart + EVALUATED_AT);
    this.validUntilMs = int64(bytes, fixedStart + VALID_UNTIL);
    return true;
  }

  get n(): number {
    return uint64(this.#bytes, this.#fixedStart + 8);
  }

  /** As `verdictKey` of what it is about. */
  get key(): string {
    return this.#bytes.toString('latin1', this.#rowStart, this.#keyEnd);
  }

  get about(): Pick<Verdict, 'source' | 'dimension'> {
    const texts = new NativeCursor(this.#bytes, this.#rowStart);
    const [tenant, serviceNamespace, serviceName] = [texts.text(), texts.text(), texts.text()];
    const [serviceInstanceId, signal] = [texts.text(), texts.text() as Signal];
    const source = { tenant, serviceNamespace, serviceName, serviceInstanceId, signal };
    return { source, dimension: texts.text() as Dimension };
  }

  /** What is behind the key, copied; to `kept.bytes` where there is room. */
  keepIn(kept: KeptVerdict): void {
    const byteCount = this.#rowEnd - this.#keyEnd;
    if (byteCount > kept.bytes.length || byteCount < kept.bytes.length / 4)
      kept.bytes = Buffer.allocUnsafe(Math.ceil(1.125 * byteCount));
    this.#bytes.copy(kept.bytes, 0, this.#keyEnd, this.#rowEnd);
    kept.byteCount = byteCount;
  }
}

/**
 * The newest row of a verdict, outside of the heap. The next takes its place, so that a renewal leaves nothing to
 * collect and holds no more than what is known now.
 */
export class KeptVerdict {
  bytes: Buffer = Buffer.alloc(0);
  byteCount = 0;

  /** As it stands now; later renewals do not change it. */
  verdict(about: Pick<Verdict, 'source' | 'dimension'>): Verdict {
    return new StoredVerdict(about, Buffer.from(this.bytes.subarray(0, this.byteCount)));
  }
}

/** Of one verdict's source and dimension, and of no other's: each text says how long it is. */
export function verdictKey({ source, dimension }: Pick<Verdict, 'source' | 'dimension'>): string {
  const { tenant, serviceNamespace, serviceName, serviceInstanceId, signal } = source;
  const texts = [tenant, serviceNamespace, serviceName, serviceInstanceId, signal, dimension];
  return texts.map(binaryText).join('');
}

function binaryText(text: string): string {
  const bytes = Buffer.from(text);
  let length = '';
  let left = bytes.length;
  for (; left >= 128; left = Math.floor(left / 128)) length += String.fromCharCode((left % 128) + 128);
  return length + String.fromCharCode(left) + bytes.toString('latin1');
}

/** Its texts are parsed when somebody reads them: of what passes nobody does. */
class StoredVerdict implements Verdict {
  readonly source: Source;
  readonly dimension: Dimension;
  readonly outcome: Outcome;
  readonly estimate: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly confidence: number;
  readonly unit: 'ratio' | 's';
  readonly n: number;
  readonly limits: Limits;
  readonly window: { readonly startMs: number; readonly endMs: number };
  readonly evaluatedAtMs: number;
  readonly validUntilMs: number;
  readonly #bytes: Buffer;
  readonly #textsAt: number;

  constructor({ source, dimension }: Pick<Verdict, 'source' | 'dimension'>, bytes: Buffer) {
    const unitAt = afterText(bytes, 0, bytes.length);
    const estimateAt = afterText(bytes, unitAt, bytes.length);
    const lowerAt = afterNullable(bytes, estimateAt, bytes.length);
    const upperAt = afterNullable(bytes, lowerAt, bytes.length);
    const at = afterNullable(bytes, upperAt, bytes.length);
    this.source = source;
    this.dimension = dimension;
    this.outcome = outcomeAt(bytes, 0);
    this.estimate = nullableAt(bytes, estimateAt);
    this.lower = nullableAt(bytes, lowerAt);
    this.upper = nullableAt(bytes, upperAt);
    this.confidence = bytes.readDoubleLE(at);
    this.unit = estimateAt - unitAt === 2 ? 's' : 'ratio';
    this.n = uint64(bytes, at + 8);
    this.limits = { warn: bytes.readDoubleLE(at + 16), fail: bytes.readDoubleLE(at + 24) };
    this.window = { startMs: int64(bytes, at + 32), endMs: int64(bytes, at + 40) };
    this.evaluatedAtMs = int64(bytes, at + EVALUATED_AT);
    this.validUntilMs = int64(bytes, at + VALID_UNTIL);
    this.#bytes = bytes;
    this.#textsAt = at + FIXED_BYTES;
  }

  get reasons(): readonly Reason[] {
    return this.#json(0) as Reason[];
  }

  get estimators(): readonly Estimator[] {
    return this.#json(1) as Estimator[];
  }

  get evidence(): Readonly<Record<string, unknown>> {
    return this.#json(2) as Record<string, unknown>;
  }

  #json(index: number): unknown {
    let at = this.#textsAt;
    for (let i = 0; i < index; i++) at = afterText(this.#bytes, at, this.#bytes.length);
    return JSON.parse(new NativeCursor(this.#bytes, at).text());
  }
}

/** Where a text ends that begins at `at`; beyond `end` when it is not all there. */
function afterText(bytes: Buffer, at: number, end: number): number {
  let length = 0;
  for (let factor = 1; at < end; factor *= 128) {
    const byte = bytes[at++] as number;
    length += (byte % 128) * factor;
    if (byte < 128) return at + length;
  }
  return end + 1;
}

/** The same for a number that may be null. */
function afterNullable(bytes: Buffer, at: number, end: number): number {
  if (at >= end) return end + 1;
  return bytes[at] === 1 ? at + 1 : at + 9;
}

function nullableAt(bytes: Buffer, at: number): number | null {
  return bytes[at] === 1 ? null : bytes.readDoubleLE(at + 1);
}

/** What is neither is unknown. */
function outcomeAt(bytes: Buffer, at: number): Outcome {
  if (bytes[at] !== 4) return 'unknown';
  const word = bytes.readUInt32LE(at + 1);
  if (word === PASS) return 'pass';
  return word === FAIL ? 'fail' : 'unknown';
}

function int64(bytes: Buffer, at: number): number {
  return bytes.readInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
}

function uint64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
}
