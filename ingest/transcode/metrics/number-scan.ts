import type { WireReader } from '../wire-reader.ts';
import { PointScan } from './point-scan.ts';

/** Field numbers of NumberDataPoint's oneof `value`; 0 when it is not set. */
export const NUMBER = { none: 0, double: 4, int: 6 } as const;

/** Where the fields of one NumberDataPoint lie in the body. Once per point: no allocation. */
export class NumberScan extends PointScan {
  value: number = NUMBER.none;
  valueAt = 0;

  /** Reads the NumberDataPoint between the reader's position and `end`. */
  read(reader: WireReader, end: number): void {
    this.clearPoint();
    this.value = NUMBER.none;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x3a) this.readAttributes(reader, tag, end);
      else if (tag === 0x11) this.startAt = reader.fixed(8, end);
      else if (tag === 0x19) this.timeAt = reader.fixed(8, end);
      else if (tag === 0x21 || tag === 0x31) {
        this.value = tag >>> 3;
        this.valueAt = reader.fixed(8, end);
      } else if (tag === 0x2a) this.readExemplar(reader, end);
      else if (tag === 0x40) this.flags = reader.varint32(end);
      else reader.skip(tag, end);
    }
  }
}
