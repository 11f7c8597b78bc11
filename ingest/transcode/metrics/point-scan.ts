import { AttributeList } from '../attribute-list.ts';
import { PlaceList } from '../place-list.ts';
import { NOT_SENT, type WireReader } from '../wire-reader.ts';

/** Numbers per exemplar in `exemplars`: time, value field, value, start and bytes of span id and trace id, then
 * its first attribute and the one after its last. */
export const EXEMPLAR_WIDTH = 9;
/** Field numbers of an exemplar's value. */
export const EXEMPLAR_DOUBLE = 3;

/** Bit of `flags`: the point says that there is nothing to say. */
const NO_RECORDED_VALUE = 1;

/** What the data points of all kinds have in common; where it lies in the body. */
export class PointScan {
  startAt = NOT_SENT;
  timeAt = NOT_SENT;
  flags = 0;
  /** False when an attribute is nested too deep to store. */
  fits = true;
  readonly attributes = new AttributeList();
  /** Attributes of the exemplars. */
  readonly nested = new AttributeList();
  readonly exemplars = new PlaceList();

  get partCount(): number {
    return this.attributes.count + this.nested.count + this.exemplars.length / EXEMPLAR_WIDTH;
  }

  get hasNoRecordedValue(): boolean {
    return (this.flags & NO_RECORDED_VALUE) !== 0;
  }

  protected clearPoint(): void {
    this.startAt = NOT_SENT;
    this.timeAt = NOT_SENT;
    this.flags = 0;
    this.fits = true;
    this.attributes.clear();
    this.nested.clear();
    this.exemplars.clear();
  }

  /** Reads the attributes that follow; `tag` is theirs. */
  protected readAttributes(reader: WireReader, tag: number, end: number): void {
    if (!this.attributes.read(reader, tag, end)) this.fits = false;
  }

  /** Reads the Exemplar that follows, within `limit`. */
  protected readExemplar(reader: WireReader, limit: number): void {
    const end = reader.contentEnd(limit);
    const { exemplars } = this;
    const base = exemplars.length;
    for (let i = 0; i < EXEMPLAR_WIDTH; i++) exemplars.push(0);
    const { places } = exemplars;
    places[base] = NOT_SENT;
    places[base + 7] = this.nested.count;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x11) places[base] = reader.fixed(8, end);
      else if (tag === 0x19 || tag === 0x31) {
        places[base + 1] = tag >>> 3;
        places[base + 2] = reader.fixed(8, end);
      } else if (tag === 0x22 || tag === 0x2a) {
        const byteCount = reader.content(end);
        const field = base + (tag === 0x22 ? 3 : 5);
        places[field] = reader.position - byteCount;
        places[field + 1] = byteCount;
      } else if (tag === 0x3a) {
        if (!this.nested.read(reader, tag, end)) this.fits = false;
      } else reader.skip(tag, end);
    }
    places[base + 8] = this.nested.count;
  }
}
