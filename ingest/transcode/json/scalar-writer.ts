import type { GrowingBytes } from '../columns/growing-bytes.ts';
import { SPAN_ID_BYTES, TRACE_ID_BYTES } from '../ids.ts';
import type { Field } from '../otlp-schema.ts';
import type { JsonReader } from './json-reader.ts';
import { lengthBefore } from './length-before.ts';
import { parseInteger } from './parse-integer.ts';

/** Inclusive limits of the integer kinds. */
const LIMITS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
};
const TIME_MAX = 2n ** 64n - 1n;
const HEX = /^(?:[0-9a-fA-F]{2})*$/;
/** Ids that went through a generic protobuf-to-JSON mapping, which writes bytes in base64. */
const BASE64_IDS = [TRACE_ID_BYTES, SPAN_ID_BYTES].map((byteCount) => {
  const digits = Math.ceil((byteCount * 4) / 3);
  return new RegExp(`^[A-Za-z0-9+/_-]{${digits}}={0,2}$`);
});
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
/** Of no valid length: the walk then judges the record, not the whole body. */
const INVALID_ID = Uint8Array.of(0);

/** Writes the value of one scalar field in protobuf, without its tag, from the JSON value that follows. */
export class ScalarWriter {
  readonly #json: JsonReader;
  readonly #into: GrowingBytes;
  readonly #warnings: Set<string>;

  constructor(json: JsonReader, into: GrowingBytes, warnings: Set<string>) {
    this.#json = json;
    this.#into = into;
    this.#warnings = warnings;
  }

  write(field: Field): void {
    const into = this.#into;
    const { kind } = field;
    if (kind === 'string') this.#string();
    else if (kind === 'bytes') this.#bytes(this.#base64());
    else if (kind === 'id') this.#bytes(this.#id());
    else if (kind === 'bool') into.uint8(this.#boolean() ? 1 : 0);
    else if (kind === 'double') into.float64(this.#double());
    else if (kind === 'enum') this.#varint(this.#enum(field));
    else if (kind === 'time') this.#fixed64(this.#time());
    else if (kind === 'fixed64' || kind === 'sfixed64') this.#fixed64(this.#integer(field));
    else if (kind === 'fixed32') into.int32(Number(BigInt.asIntN(32, this.#integer(field))));
    else if (kind === 'sint32') into.varint(zigzag(Number(this.#integer(field))));
    else this.#varint(this.#integer(field));
  }

  #string(): void {
    this.#expect('string');
    this.#into.uint8(0);
    const start = this.#into.length;
    this.#json.string(this.#into);
    lengthBefore(this.#into, start);
  }

  #bytes(bytes: Uint8Array): void {
    this.#into.varint(bytes.length);
    this.#into.copy(bytes);
  }

  #base64(): Uint8Array {
    this.#expect('string');
    const text = this.#json.text();
    if (!BASE64.test(text)) throw this.#json.valueError('bytes are base64 in OTLP/JSON, and this is not');
    return Buffer.from(text, 'base64');
  }

  #id(): Uint8Array {
    this.#expect('string');
    const text = this.#json.text();
    if (HEX.test(text)) return Buffer.from(text, 'hex');
    if (BASE64_IDS.some((pattern) => pattern.test(text))) {
      throw this.#json.valueError('this id is base64; OTLP/JSON spells ids in hexadecimal');
    }
    this.#warnings.add(`${this.#json.path.at(-1)}: an id that is not hexadecimal`);
    return INVALID_ID;
  }

  #boolean(): boolean {
    this.#expect('boolean');
    return this.#json.boolean();
  }

  #double(): number {
    if (this.#json.type() === 'number') return Number(this.#json.number());
    this.#expect('string', 'a number');
    const text = this.#json.text();
    if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return Number(text);
    if (!/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text))
      throw this.#json.valueError('a number was expected');
    return Number(text);
  }

  #integer(field: Field): bigint {
    const value = this.#anyInteger();
    const [min, max] = LIMITS[field.kind] as readonly [bigint, bigint];
    if (value < min || value > max) throw this.#json.valueError(`${value} does not fit ${field.kind}`);
    return value;
  }

  #anyInteger(): bigint {
    const isNumber = this.#json.type() === 'number';
    if (!isNumber) this.#expect('string', 'an integer');
    const text = isNumber ? this.#json.number() : this.#json.text();
    const value = parseInteger(text);
    if (value === null) throw this.#json.valueError('an integer was expected');
    return value;
  }

  /** A time that cannot be one must not cost its neighbours: as the greatest, it is marked as out of range. */
  #time(): bigint {
    const value = this.#anyInteger();
    if (value >= 0n && value <= TIME_MAX) return value;
    this.#warnings.add(`${this.#json.path.at(-1)}: a time that does not fit 64 bits`);
    return TIME_MAX;
  }

  /** Numbers pass as they are, known or not; names are not OTLP/JSON, but what they mean is plain. */
  #enum(field: Field): bigint {
    if (this.#json.type() === 'string') {
      const name = this.#json.text();
      const number = field.names?.indexOf(name) ?? -1;
      if (number < 0) throw this.#json.valueError(`"${name.slice(0, 64)}" is not a value of this enum`);
      this.#warnings.add(`${field.name}: an enum by name; OTLP/JSON spells enums as integers`);
      return BigInt(number);
    }
    this.#expect('number', 'an integer');
    const value = parseInteger(this.#json.number());
    if (value === null) throw this.#json.valueError('an integer was expected');
    return BigInt.asIntN(32, value) === value ? value : 2n ** 31n - 1n;
  }

  #expect(type: 'string' | 'number' | 'boolean', wanted: string = `a ${type}`): void {
    const found = this.#json.type();
    if (found !== type) throw this.#json.valueError(`${wanted} was expected, not ${found}`);
  }

  #fixed64(value: bigint): void {
    const into = this.#into;
    into.reserve(8);
    into.view.setBigInt64(into.length, value, true);
    into.length += 8;
  }

  #varint(value: bigint): void {
    let rest = value;
    if (value < 0n || value > 0x7fffffffn) {
      rest = BigInt.asUintN(64, value);
      for (; rest > 0x7fffffffn; rest >>= 7n) this.#into.uint8(Number(rest & 0x7fn) | 0x80);
    }
    this.#into.varint(Number(rest));
  }
}

function zigzag(value: number): number {
  return (value << 1) ^ (value >> 31);
}
