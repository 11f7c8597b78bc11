import { AttributeList } from '../attribute-list.ts';
import { PlaceList } from '../place-list.ts';
import { SPLIT_MESSAGE_FOUND } from '../split-message-found.ts';
import { NOT_SENT, type WireReader } from '../wire-reader.ts';

/** Numbers per event in `events`: time, name start, name bytes, first attribute, attribute after the last, dropped. */
export const EVENT_WIDTH = 6;
/** Numbers per link in `links`: start and bytes of trace id, span id and trace state, then as for events; flags. */
export const LINK_WIDTH = 10;

/**
 * Where the fields of one span lie in the body. A span is read whole before any of it is written: fields may
 * come in any order, and a span that must be rejected then leaves nothing to undo. Once per span: no allocation.
 */
export class SpanScan {
  traceIdAt = 0;
  traceIdBytes = 0;
  spanIdAt = 0;
  spanIdBytes = 0;
  parentIdAt = 0;
  parentIdBytes = 0;
  traceStateAt = 0;
  traceStateBytes = 0;
  nameAt = 0;
  nameBytes = 0;
  kind = 0;
  startAt = NOT_SENT;
  endAt = NOT_SENT;
  flagsAt = NOT_SENT;
  droppedAttributesCount = 0;
  droppedEventsCount = 0;
  droppedLinksCount = 0;
  statusCode = 0;
  messageAt = 0;
  messageBytes = 0;
  /** False when an attribute is nested too deep to store. */
  fits = true;
  readonly attributes = new AttributeList();
  /** Attributes of the events and links. */
  readonly nested = new AttributeList();
  readonly events = new PlaceList();
  readonly links = new PlaceList();
  #statuses = 0;

  get partCount(): number {
    const { attributes, nested, events, links } = this;
    return attributes.count + nested.count + events.length / EVENT_WIDTH + links.length / LINK_WIDTH;
  }

  /** Reads the Span between the reader's position and `end`. */
  read(reader: WireReader, end: number): void {
    this.#clear();
    while (reader.position < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x4a:
          if (!this.attributes.read(reader, tag, end)) this.fits = false;
          break;
        case 0x0a:
          this.traceIdBytes = reader.content(end);
          this.traceIdAt = reader.position - this.traceIdBytes;
          break;
        case 0x12:
          this.spanIdBytes = reader.content(end);
          this.spanIdAt = reader.position - this.spanIdBytes;
          break;
        case 0x1a:
          this.traceStateBytes = reader.content(end);
          this.traceStateAt = reader.position - this.traceStateBytes;
          break;
        case 0x22:
          this.parentIdBytes = reader.content(end);
          this.parentIdAt = reader.position - this.parentIdBytes;
          break;
        case 0x2a:
          this.nameBytes = reader.content(end);
          this.nameAt = reader.position - this.nameBytes;
          break;
        case 0x30:
          this.kind = reader.varint32(end);
          break;
        case 0x39:
          this.startAt = reader.fixed(8, end);
          break;
        case 0x41:
          this.endAt = reader.fixed(8, end);
          break;
        case 0x50:
          this.droppedAttributesCount = reader.varint32(end);
          break;
        case 0x5a:
          this.#readEvent(reader, reader.contentEnd(end));
          break;
        case 0x60:
          this.droppedEventsCount = reader.varint32(end);
          break;
        case 0x6a:
          this.#readLink(reader, reader.contentEnd(end));
          break;
        case 0x70:
          this.droppedLinksCount = reader.varint32(end);
          break;
        case 0x7a:
          this.#readStatus(reader, reader.contentEnd(end));
          break;
        case 0x85:
          this.flagsAt = reader.fixed(4, end);
          break;
        default:
          reader.skip(tag, end);
      }
    }
  }

  #readStatus(reader: WireReader, end: number): void {
    if (this.#statuses++ > 0) throw SPLIT_MESSAGE_FOUND;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x12) {
        this.messageBytes = reader.content(end);
        this.messageAt = reader.position - this.messageBytes;
      } else if (tag === 0x18) this.statusCode = reader.varint32(end);
      else reader.skip(tag, end);
    }
  }

  #readEvent(reader: WireReader, end: number): void {
    const from = this.nested.count;
    let timeAt = NOT_SENT;
    let nameAt = 0;
    let nameBytes = 0;
    let droppedAttributesCount = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x09) timeAt = reader.fixed(8, end);
      else if (tag === 0x12) {
        nameBytes = reader.content(end);
        nameAt = reader.position - nameBytes;
      } else if (tag === 0x1a) {
        if (!this.nested.read(reader, tag, end)) this.fits = false;
      } else if (tag === 0x20) droppedAttributesCount = reader.varint32(end);
      else reader.skip(tag, end);
    }
    const { events } = this;
    events.push(timeAt);
    events.push(nameAt);
    events.push(nameBytes);
    events.push(from);
    events.push(this.nested.count);
    events.push(droppedAttributesCount);
  }

  #readLink(reader: WireReader, end: number): void {
    const from = this.nested.count;
    const { links } = this;
    const base = links.length;
    for (let i = 0; i < LINK_WIDTH; i++) links.push(0);
    links.places[base + 9] = NOT_SENT;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a || tag === 0x12 || tag === 0x1a) {
        const byteCount = reader.content(end);
        const field = base + ((tag >>> 3) - 1) * 2;
        links.places[field] = reader.position - byteCount;
        links.places[field + 1] = byteCount;
      } else if (tag === 0x22) {
        if (!this.nested.read(reader, tag, end)) this.fits = false;
      } else if (tag === 0x28) links.places[base + 8] = reader.varint32(end);
      else if (tag === 0x35) links.places[base + 9] = reader.fixed(4, end);
      else reader.skip(tag, end);
    }
    links.places[base + 6] = from;
    links.places[base + 7] = this.nested.count;
  }

  #clear(): void {
    this.traceIdBytes = 0;
    this.spanIdBytes = 0;
    this.parentIdBytes = 0;
    this.traceStateBytes = 0;
    this.nameBytes = 0;
    this.kind = 0;
    this.startAt = NOT_SENT;
    this.endAt = NOT_SENT;
    this.flagsAt = NOT_SENT;
    this.droppedAttributesCount = 0;
    this.droppedEventsCount = 0;
    this.droppedLinksCount = 0;
    this.statusCode = 0;
    this.messageBytes = 0;
    this.fits = true;
    this.#statuses = 0;
    this.attributes.clear();
    this.nested.clear();
    this.events.clear();
    this.links.clear();
  }
}
