import protobuf from 'protobufjs';
import { WireReader } from '../../../ingest/transcode/wire-reader.ts';

/**
 * The same message as an encoder might legally write it: every singular sub-message in two halves, repeated
 * scalars unpacked, unknown fields of all wire types in between.
 * @param type its protobufjs type
 */
export function rewriteMessage(type: protobuf.Type, body: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [UNKNOWN_FIELDS];
  for (const { number, wireType, raw, content } of fieldsOf(body)) {
    const field = type.fieldsById[number]?.resolve();
    if (field === undefined) parts.push(raw);
    else if (field.resolvedType instanceof protobuf.Type) {
      const inner = rewriteMessage(field.resolvedType, content);
      const halves = field.repeated ? [inner] : inHalves(inner);
      parts.push(...halves.map((half) => message(number, half)));
    } else if (field.repeated && wireType === 2) parts.push(...unpacked(field.type, number, content));
    else parts.push(raw);
  }
  return Buffer.concat(parts);
}

/** Number 1000 as varint, fixed64, text, a nested group of fields, and fixed32. */
const UNKNOWN_FIELDS = Buffer.from(
  [
    'c03e9601',
    'c13e0102030405060708',
    'c23e0203ff',
    'c33e',
    '0801',
    'c33e',
    'c43e',
    'c43e',
    'c53e01020304',
  ].join(''),
  'hex',
);

function inHalves(body: Uint8Array): Uint8Array[] {
  const fields = fieldsOf(body);
  const half = Math.floor(fields.length / 2);
  return [fields.slice(0, half), fields.slice(half)].map((list) => Buffer.concat(list.map(({ raw }) => raw)));
}

function unpacked(type: string, number: number, content: Uint8Array): Uint8Array[] {
  const reader = new WireReader(content);
  const values: Uint8Array[] = [];
  while (reader.position < content.length) {
    const from = reader.position;
    if (type === 'uint64') reader.varint64(content.length);
    else reader.fixed(8, content.length);
    values.push(
      Buffer.concat([
        varint((number << 3) | (type === 'uint64' ? 0 : 1)),
        content.subarray(from, reader.position),
      ]),
    );
  }
  return values;
}

interface WireField {
  readonly number: number;
  readonly wireType: number;
  readonly raw: Uint8Array;
  readonly content: Uint8Array;
}

function fieldsOf(body: Uint8Array): WireField[] {
  const reader = new WireReader(body);
  const fields: WireField[] = [];
  while (reader.position < body.length) {
    const from = reader.position;
    const tag = reader.tag(body.length);
    const afterTag = reader.position;
    reader.skip(tag, body.length);
    const raw = body.subarray(from, reader.position);
    const inner = new WireReader(body.subarray(afterTag, reader.position));
    if ((tag & 7) === 2) inner.contentEnd(inner.bytes.length);
    fields.push({ number: tag >>> 3, wireType: tag & 7, raw, content: inner.bytes.subarray(inner.position) });
  }
  return fields;
}

export function message(number: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([varint((number << 3) | 2), varint(content.length), content]);
}

export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}
