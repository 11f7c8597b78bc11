import { PlaceList } from '../place-list.ts';
import { NOT_SENT, type WireReader } from '../wire-reader.ts';
import { PointScan } from './point-scan.ts';

/** Where the fields of one SummaryDataPoint lie in the body. Once per point: no allocation. */
export class SummaryScan extends PointScan {
  countAt = NOT_SENT;
  sumAt = NOT_SENT;
  /** Quantile and value of each pair, or NOT_SENT. */
  readonly quantiles = new PlaceList();

  /** Reads the SummaryDataPoint between the reader's position and `end`. */
  read(reader: WireReader, end: number): void {
    this.clearPoint();
    this.countAt = NOT_SENT;
    this.sumAt = NOT_SENT;
    this.quantiles.clear();
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x3a) this.readAttributes(reader, tag, end);
      else if (tag === 0x11) this.startAt = reader.fixed(8, end);
      else if (tag === 0x19) this.timeAt = reader.fixed(8, end);
      else if (tag === 0x21) this.countAt = reader.fixed(8, end);
      else if (tag === 0x29) this.sumAt = reader.fixed(8, end);
      else if (tag === 0x32) this.#readQuantile(reader, reader.contentEnd(end));
      else if (tag === 0x40) this.flags = reader.varint32(end);
      else reader.skip(tag, end);
    }
  }

  #readQuantile(reader: WireReader, end: number): void {
    let quantileAt: number = NOT_SENT;
    let valueAt: number = NOT_SENT;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x09) quantileAt = reader.fixed(8, end);
      else if (tag === 0x11) valueAt = reader.fixed(8, end);
      else reader.skip(tag, end);
    }
    this.quantiles.push(quantileAt);
    this.quantiles.push(valueAt);
  }
}
