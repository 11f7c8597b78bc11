import { SPLIT_MESSAGE_FOUND } from '../split-message-found.ts';
import type { WireReader } from '../wire-reader.ts';

/** Field numbers of Metric's oneof `data`; 0 when it is not set. */
export const METRIC_DATA = {
  none: 0,
  gauge: 5,
  sum: 7,
  histogram: 9,
  exponentialHistogram: 10,
  summary: 11,
} as const;

/** Where the fields of one metric lie in the body, and what all of its data points have in common. */
export class MetricScan {
  nameAt = 0;
  nameBytes = 0;
  descriptionAt = 0;
  descriptionBytes = 0;
  unitAt = 0;
  unitBytes = 0;
  data: number = METRIC_DATA.none;
  dataAt = 0;
  dataEnd = 0;
  temporality = 0;
  isMonotonic = 0;

  /** Reads the Metric between the reader's position and `end`, but for its data points. */
  read(reader: WireReader, end: number): void {
    this.#clear();
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) {
        this.nameBytes = reader.content(end);
        this.nameAt = reader.position - this.nameBytes;
      } else if (tag === 0x12) {
        this.descriptionBytes = reader.content(end);
        this.descriptionAt = reader.position - this.descriptionBytes;
      } else if (tag === 0x1a) {
        this.unitBytes = reader.content(end);
        this.unitAt = reader.position - this.unitBytes;
      } else if (tag === 0x2a || tag === 0x3a || tag === 0x4a || tag === 0x52 || tag === 0x5a) {
        this.#readData(reader, tag >>> 3, reader.contentEnd(end));
      } else reader.skip(tag, end);
    }
  }

  /** Temporality and monotony stand behind the points they belong to, so the points are stepped over first. */
  #readData(reader: WireReader, data: number, end: number): void {
    if (this.data !== METRIC_DATA.none) throw SPLIT_MESSAGE_FOUND;
    this.data = data;
    this.dataAt = reader.position;
    this.dataEnd = end;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x10) this.temporality = reader.varint32(end);
      else if (tag === 0x18) {
        reader.varint64(end);
        this.isMonotonic = (reader.low | reader.high) === 0 ? 0 : 1;
      } else reader.skip(tag, end);
    }
  }

  #clear(): void {
    this.nameBytes = 0;
    this.descriptionBytes = 0;
    this.unitBytes = 0;
    this.data = METRIC_DATA.none;
    this.temporality = 0;
    this.isMonotonic = 0;
  }
}
