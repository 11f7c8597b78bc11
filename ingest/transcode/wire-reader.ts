import { PipelineError } from '../../core/errors.ts';

/** Where a fixed-width field lies that was not sent. */
export const NOT_SENT = -1;

/** Groups are not used by OTLP; an unknown one is skipped, but not to any depth. */
const GROUP_DEPTH_MAX = 64;

/**
 * Protobuf wire bytes, read in place. Every read is bounded by the `end` of the message it belongs to, so a
 * wrong length cannot reach into a neighbour. 64-bit varints arrive in `low` and `high`, as signed halves: a
 * bigint per value would cost more than the rest of the walk.
 * @throws PipelineError `otlp_malformed` with the byte offset, from every method
 */
export class WireReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  position = 0;
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Field number and wire type, as they stand on the wire: `number << 3 | type`. */
  tag(end: number): number {
    const first = this.bytes[this.position] as number;
    if (this.position < end && first < 0x80 && first > 7) {
      this.position++;
      return first;
    }
    const at = this.position;
    this.varint64(end);
    if (this.high !== 0 || this.low >>> 3 === 0) throw malformed('a field number out of range', at);
    return this.low >>> 0;
  }

  /** Reads the length of a length-delimited field; returns where its content ends. */
  contentEnd(end: number): number {
    const first = this.bytes[this.position] as number;
    if (this.position < end && first < 0x80) {
      this.position++;
      if (this.position + first > end)
        throw malformed('a field that is longer than its message', this.position);
      return this.position + first;
    }
    this.varint64(end);
    // Halves, because a product with 2^32 is a double, and so would be every position counted on from it.
    if (this.high !== 0 || this.low < 0 || this.low > end - this.position) {
      throw malformed('a field that is longer than its message', this.position);
    }
    return this.position + this.low;
  }

  /** Steps over a length-delimited field; returns how long its content is, which ends at the position. */
  content(end: number): number {
    const contentEnd = this.contentEnd(end);
    const byteCount = contentEnd - this.position;
    this.position = contentEnd;
    return byteCount;
  }

  /** Low 32 bits of a varint, unsigned: what protobuf makes of uint32, and the bits of int32 and enums. */
  varint32(end: number): number {
    const first = this.bytes[this.position] as number;
    if (this.position < end && first < 0x80) {
      this.position++;
      return first;
    }
    this.varint64(end);
    return this.low >>> 0;
  }

  varint64(end: number): void {
    const { bytes } = this;
    let at = this.position;
    let low = 0;
    let high = 0;
    let byte = 0x80;
    for (let shift = 0; byte >= 0x80; shift += 7) {
      if (at >= end) throw malformed('a varint that ends too early', at);
      if (shift > 63) throw malformed('a varint of more than ten bytes', at);
      byte = bytes[at++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
    }
    this.position = at;
    this.low = low;
    this.high = high | 0;
  }

  /** Steps over a fixed-width field; returns where it starts. */
  fixed(byteCount: number, end: number): number {
    const at = this.position;
    if (at + byteCount > end) throw malformed('a fixed-width field that ends too early', at);
    this.position = at + byteCount;
    return at;
  }

  /** Steps over a field that is not ours to read; unknown fields of every wire type are legal. */
  skip(tag: number, end: number, depth = 0): void {
    const wireType = tag & 7;
    if (wireType === 0) this.varint64(end);
    else if (wireType === 1) this.fixed(8, end);
    else if (wireType === 2) this.position = this.contentEnd(end);
    else if (wireType === 5) this.fixed(4, end);
    else if (wireType === 3) this.#skipGroup(tag >>> 3, end, depth + 1);
    else throw malformed(`wire type ${wireType} where a field should start`, this.position);
  }

  #skipGroup(fieldNumber: number, end: number, depth: number): void {
    if (depth > GROUP_DEPTH_MAX) throw malformed('groups nested too deep', this.position);
    for (;;) {
      const tag = this.tag(end);
      if ((tag & 7) === 4) {
        if (tag >>> 3 !== fieldNumber) throw malformed('a group with the wrong end', this.position);
        return;
      }
      this.skip(tag, end, depth);
    }
  }
}

export function malformed(what: string, atByte: number): PipelineError {
  return new PipelineError(
    'otlp_malformed',
    `The body is not the protobuf message of its path: ${what}, at byte ${atByte}. Nothing of it was stored; send it again only when it is encoded as the OTLP export request of this signal.`,
    { atByte },
  );
}
