import { SPLIT_MESSAGE_FOUND } from '../split-message-found.ts';
import { NOT_SENT, type WireReader } from '../wire-reader.ts';
import { PointScan } from './point-scan.ts';
import { RangeList } from './range-list.ts';

/** One side of an exponential histogram. */
class BucketsScan {
  offset = 0;
  readonly counts = new RangeList();
  #messages = 0;

  clear(): void {
    this.offset = 0;
    this.counts.clear();
    this.#messages = 0;
  }

  /** Reads the Buckets between the reader's position and `end`. */
  read(reader: WireReader, end: number): void {
    if (this.#messages++ > 0) throw SPLIT_MESSAGE_FOUND;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x08) this.offset = zigzag(reader.varint32(end));
      else if (tag === 0x12) this.counts.readPackedVarints(reader, end);
      else if (tag === 0x10) this.counts.readVarint(reader, end);
      else reader.skip(tag, end);
    }
  }
}

/** Where the fields of one ExponentialHistogramDataPoint lie in the body. Once per point: no allocation. */
export class ExponentialHistogramScan extends PointScan {
  countAt = NOT_SENT;
  sumAt = NOT_SENT;
  scale = 0;
  zeroCountAt = NOT_SENT;
  minAt = NOT_SENT;
  maxAt = NOT_SENT;
  zeroThresholdAt = NOT_SENT;
  readonly positive = new BucketsScan();
  readonly negative = new BucketsScan();

  /** Reads the ExponentialHistogramDataPoint between the reader's position and `end`. */
  read(reader: WireReader, end: number): void {
    this.#clear();
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) this.readAttributes(reader, tag, end);
      else if (tag === 0x11) this.startAt = reader.fixed(8, end);
      else if (tag === 0x19) this.timeAt = reader.fixed(8, end);
      else if (tag === 0x21) this.countAt = reader.fixed(8, end);
      else if (tag === 0x29) this.sumAt = reader.fixed(8, end);
      else if (tag === 0x30) this.scale = zigzag(reader.varint32(end));
      else if (tag === 0x39) this.zeroCountAt = reader.fixed(8, end);
      else if (tag === 0x42) this.positive.read(reader, reader.contentEnd(end));
      else if (tag === 0x4a) this.negative.read(reader, reader.contentEnd(end));
      else if (tag === 0x50) this.flags = reader.varint32(end);
      else if (tag === 0x5a) this.readExemplar(reader, end);
      else if (tag === 0x61) this.minAt = reader.fixed(8, end);
      else if (tag === 0x69) this.maxAt = reader.fixed(8, end);
      else if (tag === 0x71) this.zeroThresholdAt = reader.fixed(8, end);
      else reader.skip(tag, end);
    }
  }

  #clear(): void {
    this.clearPoint();
    this.countAt = NOT_SENT;
    this.sumAt = NOT_SENT;
    this.scale = 0;
    this.zeroCountAt = NOT_SENT;
    this.minAt = NOT_SENT;
    this.maxAt = NOT_SENT;
    this.zeroThresholdAt = NOT_SENT;
    this.positive.clear();
    this.negative.clear();
  }
}

function zigzag(bits: number): number {
  return (bits >>> 1) ^ -(bits & 1);
}
