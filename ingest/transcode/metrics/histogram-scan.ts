import { NOT_SENT, type WireReader } from '../wire-reader.ts';
import { PointScan } from './point-scan.ts';
import { RangeList } from './range-list.ts';

/** Where the fields of one HistogramDataPoint lie in the body. Once per point: no allocation. */
export class HistogramScan extends PointScan {
  countAt = NOT_SENT;
  sumAt = NOT_SENT;
  minAt = NOT_SENT;
  maxAt = NOT_SENT;
  readonly counts = new RangeList();
  readonly bounds = new RangeList();

  /** Reads the HistogramDataPoint between the reader's position and `end`. */
  read(reader: WireReader, end: number): void {
    this.#clear();
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x4a) this.readAttributes(reader, tag, end);
      else if (tag === 0x11) this.startAt = reader.fixed(8, end);
      else if (tag === 0x19) this.timeAt = reader.fixed(8, end);
      else if (tag === 0x21) this.countAt = reader.fixed(8, end);
      else if (tag === 0x29) this.sumAt = reader.fixed(8, end);
      else if (tag === 0x32) this.counts.readPackedFixed(reader, end);
      else if (tag === 0x31) this.counts.readFixed(reader, end);
      else if (tag === 0x3a) this.bounds.readPackedFixed(reader, end);
      else if (tag === 0x39) this.bounds.readFixed(reader, end);
      else if (tag === 0x42) this.readExemplar(reader, end);
      else if (tag === 0x50) this.flags = reader.varint32(end);
      else if (tag === 0x59) this.minAt = reader.fixed(8, end);
      else if (tag === 0x61) this.maxAt = reader.fixed(8, end);
      else reader.skip(tag, end);
    }
  }

  #clear(): void {
    this.clearPoint();
    this.countAt = NOT_SENT;
    this.sumAt = NOT_SENT;
    this.minAt = NOT_SENT;
    this.maxAt = NOT_SENT;
    this.counts.clear();
    this.bounds.clear();
  }
}
