import { AttributeList } from './attribute-list.ts';
import { NO_TEXT, readText, type TextPlace } from './text-place.ts';
import type { WireReader } from './wire-reader.ts';

/** The instrumentation scope being walked. */
export class ScopeScan {
  readonly attributes = new AttributeList();
  /** False when an attribute is nested too deep to store. */
  fits = true;
  wasRead = false;
  /** Of the message itself, as sent. */
  byteCount = 0;
  /** Whether `schemaUrl` is the last word, though the walk is not yet past it. */
  wasReadAhead = false;
  name: TextPlace = NO_TEXT;
  version: TextPlace = NO_TEXT;
  /** Of the ScopeSpans, ScopeMetrics or ScopeLogs around it. */
  schemaUrl: TextPlace = NO_TEXT;
  droppedAttributesCount = 0;

  clear(): void {
    this.attributes.clear();
    this.fits = true;
    this.wasRead = false;
    this.byteCount = 0;
    this.wasReadAhead = false;
    this.name = NO_TEXT;
    this.version = NO_TEXT;
    this.schemaUrl = NO_TEXT;
    this.droppedAttributesCount = 0;
  }

  /** Reads the InstrumentationScope between the reader's position and `end`. */
  read(reader: WireReader, end: number): void {
    this.byteCount = end - reader.position;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) this.name = readText(reader, end);
      else if (tag === 0x12) this.version = readText(reader, end);
      else if (tag === 0x1a) {
        if (!this.attributes.read(reader, tag, end)) this.fits = false;
      } else if (tag === 0x20) this.droppedAttributesCount = reader.varint32(end);
      else reader.skip(tag, end);
    }
  }
}
