import { PipelineError } from '../../core/errors.ts';
import type { Signal } from '../../core/signal.ts';
import { GrowingBytes } from './columns/growing-bytes.ts';
import { type Field, MESSAGES, REQUEST_MESSAGE, wireTypeOf } from './otlp-schema.ts';
import { WireReader } from './wire-reader.ts';

/** Deeper values are rejected by the walk, whatever they hold; below this they are copied as they are. */
const DEPTH_MAX = 256;

/**
 * What merging may read and copy, about a second of it. No known sender splits its messages; a body of 64 MiB that does
 * nothing else would keep everybody who sends waiting for two minutes.
 */
const FIELDS_MAX = 500_000;
const COPIED_BYTES_MAX = 268_435_456;

interface Occurrence {
  readonly field: Field | undefined;
  readonly tag: number;
  readonly startAt: number;
  readonly contentAt: number;
  readonly end: number;
}

/**
 * Rewrites a request so that no singular message and no member of a oneof occurs twice, as protobuf prescribes:
 * messages that occur twice are one, the concatenation of their encodings; of a oneof the last member counts.
 * Singular messages come first.
 * @throws PipelineError `otlp_malformed`, `otlp_too_large` when that would take too long
 */
export function mergeSplitMessages(signal: Signal, body: Uint8Array): Uint8Array {
  return new Merging().merged(REQUEST_MESSAGE[signal], body, 0);
}

class Merging {
  #fields = 0;
  #copiedBytes = 0;

  merged(message: string, bytes: Uint8Array, depth: number): Uint8Array {
    if (depth > DEPTH_MAX) return bytes;
    this.#charge(bytes.length);
    const occurrences = withoutLostChoices(this.#read(message, bytes));
    const parts = new Map<Field, { tag: number; contents: Uint8Array[] }>();
    for (const { field, tag, contentAt, end } of occurrences) {
      if (field === undefined || !isSingular(field)) continue;
      const known = parts.get(field);
      if (known === undefined) parts.set(field, { tag, contents: [bytes.subarray(contentAt, end)] });
      else known.contents.push(bytes.subarray(contentAt, end));
    }
    const into = new GrowingBytes(bytes.length);
    // Singular messages first: the walk wants to know a resource before its items.
    for (const [field, { tag, contents }] of parts) {
      write(into, tag, this.merged(field.message as string, Buffer.concat(contents), depth + 1));
    }
    for (const { field, tag, startAt, contentAt, end } of occurrences) {
      if (field?.message === undefined) into.copy(bytes.subarray(startAt, end));
      else if (!isSingular(field)) {
        write(into, tag, this.merged(field.message, bytes.subarray(contentAt, end), depth + 1));
      }
    }
    return into.filled();
  }

  #read(message: string, bytes: Uint8Array): Occurrence[] {
    const fields = new Map((MESSAGES[message] as readonly Field[]).map((field) => [field.number, field]));
    const reader = new WireReader(bytes);
    const occurrences: Occurrence[] = [];
    while (reader.position < bytes.length) {
      this.#charge(0, 1);
      const startAt = reader.position;
      const tag = reader.tag(bytes.length);
      const known = fields.get(tag >>> 3);
      // A field of another wire type than its own is an unknown field.
      const field = known !== undefined && (tag & 7) === wireTypeOf(known) ? known : undefined;
      let contentAt = reader.position;
      if (field?.kind === 'message') {
        const end = reader.contentEnd(bytes.length);
        contentAt = reader.position;
        reader.position = end;
      } else reader.skip(tag, bytes.length);
      occurrences.push({ field, tag, startAt, contentAt, end: reader.position });
    }
    return occurrences;
  }

  #charge(copiedBytes: number, fields = 0): void {
    this.#copiedBytes += copiedBytes;
    this.#fields += fields;
    if (this.#copiedBytes <= COPIED_BYTES_MAX && this.#fields <= FIELDS_MAX) return;
    throw new PipelineError(
      'otlp_too_large',
      `The request splits a message into several, and putting them together takes more than ${FIELDS_MAX} fields or ${COPIED_BYTES_MAX} bytes. Nothing of it was stored; send smaller batches, or each message in one piece as SDKs do.`,
      { fieldsMax: FIELDS_MAX, copiedBytesMax: COPIED_BYTES_MAX },
    );
  }
}

function isSingular(field: Field): boolean {
  return field.message !== undefined && field.repeated !== true;
}

/** Of a oneof the last member counts: all of its occurrences since another member was set, or the last scalar. */
function withoutLostChoices(occurrences: readonly Occurrence[]): readonly Occurrence[] {
  const last = occurrences.findLastIndex(({ field }) => field?.oneof === true);
  if (last < 0) return occurrences;
  const winner = (occurrences[last] as Occurrence).field as Field;
  const other = occurrences.findLastIndex(({ field }) => field?.oneof === true && field !== winner);
  const from = winner.kind === 'message' ? other + 1 : last;
  return occurrences.filter(({ field }, i) => field?.oneof !== true || (field === winner && i >= from));
}

function write(into: GrowingBytes, tag: number, content: Uint8Array): void {
  into.varint(tag);
  into.varint(content.length);
  into.copy(content);
}
