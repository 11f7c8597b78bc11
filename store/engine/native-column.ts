import { type NativeType, parseNativeType } from './native-type.ts';

/** Bytes of one value, for types whose values are all as long as each other. */
const FIXED_BYTES: Readonly<Record<string, number>> = {
  ...{ UInt8: 1, UInt16: 2, UInt32: 4, UInt64: 8, UInt128: 16, UInt256: 32 },
  ...{ Int8: 1, Int16: 2, Int32: 4, Int64: 8, Int128: 16, Int256: 32 },
  ...{ Float32: 4, Float64: 8, BFloat16: 2, Bool: 1, UUID: 16, IPv4: 4, IPv6: 16, Nothing: 1 },
  ...{ Date: 2, Date32: 4, DateTime: 4, DateTime64: 8, Time: 4, Time64: 8, Enum8: 1, Enum16: 2 },
};

const ALIASES: Readonly<Record<string, string>> = {
  Point: 'Tuple(Float64, Float64)',
  Ring: 'Array(Point)',
  LineString: 'Array(Point)',
  Polygon: 'Array(Ring)',
  MultiLineString: 'Array(LineString)',
  MultiPolygon: 'Array(Polygon)',
};

/** A place in Native bytes that only moves forward. */
export class NativeCursor {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes.readUInt8(this.at++);
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const length = this.varint();
    this.skip(length);
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  uint64(): number {
    this.skip(8);
    return Number(this.bytes.readBigUInt64LE(this.at - 8));
  }

  /** @throws RangeError at the end of the bytes: they are not what their types say */
  skip(byteCount: number): void {
    this.at += byteCount;
    if (!(this.at <= this.bytes.length)) throw new RangeError('Native data ends early');
  }
}

/** The type cannot be walked over. */
export class NativeTypeUnknown extends Error {}

/**
 * Moves over the values of a column in ClickHouse's Native format, revision 0.
 * @throws NativeTypeUnknown, RangeError
 * @see ClickHouse src/Formats/NativeWriter.cpp, src/DataTypes/Serializations
 */
export function skipNativeColumn(cursor: NativeCursor, typeText: string, rowCount: number): void {
  if (rowCount === 0) return;
  skipPrefix(cursor, typeText);
  skipValues(cursor, typeText, rowCount);
}

/** LowCardinality states its version before all values, also from deep inside of other types. */
function skipPrefix(cursor: NativeCursor, typeText: string): void {
  const { name, args } = resolve(typeText);
  if (name === 'LowCardinality') cursor.skip(8);
  else if (name === 'Array' || name === 'Nullable') skipPrefix(cursor, args[0] as string);
  else if (name === 'Map' || name === 'Tuple') for (const arg of args) skipPrefix(cursor, arg);
}

function skipValues(cursor: NativeCursor, typeText: string, count: number): void {
  if (count === 0) return;
  const { name, args } = resolve(typeText);
  const fixedBytes = fixedSize(name, args);
  if (fixedBytes !== null) cursor.skip(fixedBytes * count);
  else if (name === 'String') skipTexts(cursor, count);
  else if (name === 'LowCardinality') skipLowCardinality(cursor, args[0] as string);
  else if (name === 'Nullable') {
    cursor.skip(count);
    skipValues(cursor, args[0] as string, count);
  } else if (name === 'Array' || name === 'Map') {
    const elementCount = lastOffset(cursor, count);
    for (const arg of args) skipValues(cursor, arg, elementCount);
  } else if (name === 'Tuple') {
    if (args.length === 0) cursor.skip(count);
    for (const arg of args) skipValues(cursor, arg, count);
  } else throw new NativeTypeUnknown(typeText);
}

function skipTexts(cursor: NativeCursor, count: number): void {
  for (let i = 0; i < count; i++) cursor.skip(cursor.varint());
}

function lastOffset(cursor: NativeCursor, count: number): number {
  cursor.skip((count - 1) * 8);
  return cursor.uint64();
}

/** Width of the indexes, the dictionary (never nullable: null is its first entry), the indexes. */
function skipLowCardinality(cursor: NativeCursor, keyType: string): void {
  const indexBytes = 2 ** (cursor.uint64() % 256);
  const keyCount = cursor.uint64();
  const key = parseNativeType(keyType);
  skipValues(cursor, key.name === 'Nullable' ? (key.args[0] as string) : keyType, keyCount);
  cursor.skip(cursor.uint64() * indexBytes);
}

function resolve(typeText: string): NativeType {
  const type = parseNativeType(ALIASES[typeText] ?? typeText);
  if (type.name === 'SimpleAggregateFunction') return resolve(type.args[1] as string);
  if (type.name === 'Nested') return { name: 'Array', args: [`Tuple(${type.args.join(', ')})`] };
  return type;
}

function fixedSize(name: string, args: readonly string[]): number | null {
  if (name === 'FixedString') return Number(args[0]);
  if (name.startsWith('Interval')) return 8;
  if (name === 'Decimal') {
    const digits = Number(args[0]);
    return digits <= 9 ? 4 : digits <= 18 ? 8 : digits <= 38 ? 16 : 32;
  }
  return FIXED_BYTES[name] ?? null;
}
