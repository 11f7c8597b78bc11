import { message, varint } from '../transcode/rewrite-message.ts';
import { mutateBytes } from './mutate-bytes.ts';
import type { Pick } from './pick.ts';

interface Field {
  readonly tag: number;
  /** The whole field. */
  readonly raw: Buffer;
  /** What a length-delimited field holds. */
  readonly content: Buffer | null;
}

const BAD_TEXT = ['ff', 'c0af', 'eda080', 'f4908080', 'e28c', '80', 'c3'].map((hex) =>
  Buffer.from(hex, 'hex'),
);
const BAD_VARINTS = ['ffffffffffffffffff01', 'ffffffffffffffffffff01', '8080808080808080808000', 'ff'].map(
  (hex) => Buffer.from(hex, 'hex'),
);
/** Number 0, a group that starts or ends, and the wire types that do not exist. */
const BAD_TAGS = [0x00, 0x02, 0x0b, 0x0c, 0x0e, 0x0f].map((byte) => Buffer.of(byte));
const NESTING_MAX = 150;
const REPEATS_MAX = 30;

/**
 * Changes one field somewhere in the message and keeps all lengths around it right, so that the walk gets as far as
 * the change; every now and then it changes bytes without regard to anything.
 */
export function mutateProtobuf(pick: Pick, body: Buffer, other: Buffer): Buffer {
  if (pick.chance(0.05)) return mutateBytes(pick, body, other);
  const fields = parse(body);
  if (fields === null || fields.length === 0) return mutateBytes(pick, body, other);
  const index = pick.below(fields.length);
  const field = fields[index] as Field;
  const goesIn = field.content !== null && field.content.length > 1 && pick.chance(0.85);
  const changed = goesIn
    ? [lengthDelimited(field.tag, mutateProtobuf(pick, field.content, other))]
    : changeField(pick, field, other);
  return Buffer.concat([...raws(fields.slice(0, index)), ...changed, ...raws(fields.slice(index + 1))]);
}

function changeField(pick: Pick, { tag, raw, content }: Field, other: Buffer): Uint8Array[] {
  const mutations: readonly (() => Uint8Array[])[] = [
    () => [], // dropped
    () => Array<Buffer>(1 + pick.below(REPEATS_MAX)).fill(raw), // repeated: singular ones are merged
    () => [raw, lengthDelimited(tag, other.subarray(0, pick.below(200)))],
    () => [pick.of(BAD_TAGS), raw],
    () => [lengthDelimited(tag, pick.of(BAD_TEXT))],
    () => [lengthDelimited(tag, nested(tag, content ?? raw, pick.below(NESTING_MAX)))],
    () => [varint((tag & ~7) >>> 0), pick.of(BAD_VARINTS)],
    () => [varint(tag), varint(pick.of([0, 1, 127, 128, 65_535, 2 ** 31 - 1, 2 ** 32 - 1])), content ?? raw], // a length that lies
    () => [varint(((tag & ~7) | pick.below(8)) >>> 0), raw.subarray(1)], // another wire type
    () => [varint(((pick.below(20) << 3) | (tag & 7)) >>> 0), raw.subarray(1)], // another field
    () => [mutateBytes(pick, raw, other)],
  ];
  return pick.of(mutations)();
}

/** The content inside itself, so many times. */
function nested(tag: number, content: Buffer, depth: number): Buffer {
  let inside = content.subarray(0, 100);
  for (let level = 0; level < depth; level++) inside = lengthDelimited(tag, inside);
  return inside;
}

function lengthDelimited(tag: number, content: Uint8Array): Buffer {
  return Buffer.from(message(tag >>> 3, content));
}

function raws(fields: readonly Field[]): Buffer[] {
  return fields.map(({ raw }) => raw);
}

/** Null when it is no message. */
function parse(body: Buffer): Field[] | null {
  const fields: Field[] = [];
  let at = 0;
  while (at < body.length) {
    const tag = readVarint(body, at);
    if (tag === null || tag.value >>> 3 === 0) return null;
    const end = fieldEnd(body, tag.end, tag.value & 7);
    if (end === null || end.to > body.length) return null;
    const content = (tag.value & 7) === 2 ? body.subarray(end.contentFrom, end.to) : null;
    fields.push({ tag: tag.value, raw: body.subarray(at, end.to), content });
    at = end.to;
  }
  return fields;
}

function fieldEnd(body: Buffer, at: number, wireType: number): { contentFrom: number; to: number } | null {
  if (wireType === 1) return { contentFrom: at, to: at + 8 };
  if (wireType === 5) return { contentFrom: at, to: at + 4 };
  const read = readVarint(body, at);
  if (read === null || (wireType !== 0 && wireType !== 2)) return null;
  return { contentFrom: read.end, to: wireType === 0 ? read.end : read.end + read.value };
}

function readVarint(body: Buffer, at: number): { value: number; end: number } | null {
  let value = 0;
  for (let index = 0; index < 10; index++) {
    const byte = body[at + index];
    if (byte === undefined) return null;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: at + index + 1 };
  }
  return null;
}
