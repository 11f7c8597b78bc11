import type { Signal } from '../../core/signal.ts';
import { GrowingBytes } from './columns/growing-bytes.ts';
import { JsonReader } from './json/json-reader.ts';
import { lengthBefore } from './json/length-before.ts';
import { ScalarWriter } from './json/scalar-writer.ts';
import { type Field, MESSAGES, REQUEST_MESSAGE, wireTypeOf } from './otlp-schema.ts';
import { WireReader } from './wire-reader.ts';

/**
 * OTLP/JSON as the protobuf of the same request, without loss; the walk is then the same for both.
 * @returns the request, and what was accepted although OTLP/JSON spells it otherwise
 * @throws PipelineError `otlp_malformed`, naming the field (`resourceSpans[0].scopeSpans[0].spans[3].kind`)
 */
export function jsonToProtobuf(signal: Signal, body: Uint8Array): { body: Uint8Array; warnings: string[] } {
  const json = new JsonReader(body);
  const into = new GrowingBytes(body.length);
  const warnings = new Set<string>();
  new MessageWriter(json, into, warnings).write(REQUEST_MESSAGE[signal]);
  json.end();
  return { body: into.filled(), warnings: [...warnings] };
}

/** Members that occur twice cost a copy each; a body made of them must not stop the process. */
const REWRITTEN_BYTES_MAX = 268_435_456;

/** Fields of each message by the names JSON may use. */
const FIELDS_BY_NAME = new Map(
  Object.entries(MESSAGES).map(([message, fields]) => [
    message,
    new Map(
      fields.flatMap((field) => [
        [field.name, field],
        [snakeCase(field.name), field],
      ]),
    ),
  ]),
);

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

class MessageWriter {
  readonly #json: JsonReader;
  readonly #into: GrowingBytes;
  readonly #warnings: Set<string>;
  readonly #scalars: ScalarWriter;
  #rewrittenBytes = 0;

  constructor(json: JsonReader, into: GrowingBytes, warnings: Set<string>) {
    this.#json = json;
    this.#into = into;
    this.#warnings = warnings;
    this.#scalars = new ScalarWriter(json, into, warnings);
  }

  /** Writes the fields of a message from the JSON object that follows. */
  write(message: string): void {
    const json = this.#json;
    if (json.type() !== 'object') throw json.valueError(`an object was expected, not ${json.type()}`);
    const fields = FIELDS_BY_NAME.get(message) as ReadonlyMap<string, Field>;
    const start = this.#into.length;
    let seen = 0;
    json.object((name) => {
      const field = fields.get(name);
      if (field === undefined) json.skip();
      else {
        if (name !== field.name) this.#warnings.add(`${name}: OTLP/JSON spells this ${field.name}`);
        const bit = 1 << field.number;
        if ((seen & bit) !== 0) this.#forget(start, field.number);
        seen |= bit;
        this.#field(field);
      }
    });
  }

  #field(field: Field): void {
    const json = this.#json;
    const type = json.type();
    if (type === 'null') json.null();
    else if (field.repeated !== true) this.#value(field);
    else if (type === 'array') json.array(() => this.#element(field));
    else throw json.valueError(`an array was expected, not ${type}`);
  }

  #element(field: Field): void {
    if (this.#json.type() !== 'null') this.#value(field);
    else {
      this.#json.null();
      // In a list of values the empty value has its place; elsewhere null is absent.
      if (field.message === 'AnyValue') this.#tag(field, 0);
    }
  }

  #value(field: Field): void {
    this.#tag(field);
    if (field.message === undefined) this.#scalars.write(field);
    else {
      this.#into.uint8(0);
      const start = this.#into.length;
      this.write(field.message);
      lengthBefore(this.#into, start);
    }
  }

  #tag(field: Field, length?: number): void {
    this.#into.varint((field.number << 3) | wireTypeOf(field));
    if (length !== undefined) this.#into.varint(length);
  }

  /** Of a member that occurs twice the last one counts: takes back what the earlier one wrote. */
  #forget(start: number, fieldNumber: number): void {
    const written = this.#into.bytes.slice(start, this.#into.length);
    this.#rewrittenBytes += written.length;
    if (this.#rewrittenBytes > REWRITTEN_BYTES_MAX)
      throw this.#json.valueError('too many members occur twice');
    const reader = new WireReader(written);
    this.#into.length = start;
    while (reader.position < written.length) {
      const from = reader.position;
      const tag = reader.tag(written.length);
      reader.skip(tag, written.length);
      if (tag >>> 3 !== fieldNumber) this.#into.copy(written.subarray(from, reader.position));
    }
  }
}
