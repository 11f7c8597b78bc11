import { ATTRIBUTE_WIDTH, AttributeList } from './attribute-list.ts';
import { TextColumn } from './columns/text-column.ts';
import { NO_TEXT, type TextPlace } from './text-place.ts';
import { VALUE } from './value-scan.ts';
import { pushValueText } from './value-text.ts';
import { WireReader } from './wire-reader.ts';

const SERVICE_NAME = Buffer.from('service.name');
const SERVICE_NAMESPACE = Buffer.from('service.namespace');
const SERVICE_INSTANCE_ID = Buffer.from('service.instance.id');

/** The resource being walked: where its attributes lie, and who it says it is. */
export class ResourceScan {
  readonly attributes = new AttributeList();
  /** False when an attribute is nested too deep: what the resource describes cannot be stored faithfully. */
  fits = true;
  wasRead = false;
  /** Of the message itself, as sent. */
  byteCount = 0;
  /** Whether `schemaUrl` is the last word, though the walk is not yet past it. */
  wasReadAhead = false;
  /** Of the ResourceSpans, ResourceMetrics or ResourceLogs around it. */
  schemaUrl: TextPlace = NO_TEXT;
  serviceName: TextPlace = NO_TEXT;
  serviceNamespace: TextPlace = NO_TEXT;
  serviceInstanceId: TextPlace = NO_TEXT;

  clear(): void {
    this.attributes.clear();
    this.fits = true;
    this.wasRead = false;
    this.byteCount = 0;
    this.wasReadAhead = false;
    this.schemaUrl = NO_TEXT;
    this.serviceName = NO_TEXT;
    this.serviceNamespace = NO_TEXT;
    this.serviceInstanceId = NO_TEXT;
  }

  /** Reads the Resource between the reader's position and `end`. */
  read(reader: WireReader, end: number): void {
    this.byteCount = end - reader.position;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) {
        if (!this.attributes.read(reader, tag, end)) this.fits = false;
      } else reader.skip(tag, end);
    }
    if (!this.fits) return;
    this.serviceName = this.#find(reader, SERVICE_NAME);
    this.serviceNamespace = this.#find(reader, SERVICE_NAMESPACE);
    this.serviceInstanceId = this.#find(reader, SERVICE_INSTANCE_ID);
    reader.position = end;
  }

  #find(reader: WireReader, key: Buffer): TextPlace {
    const { entries, count } = this.attributes;
    for (let i = 0; i < count * ATTRIBUTE_WIDTH; i += ATTRIBUTE_WIDTH) {
      if (entries[i + 1] !== key.length || !holds(reader.bytes, entries[i] as number, key)) continue;
      const kind = entries[i + 2] as number;
      const at = entries[i + 3] as number;
      const byteCount = entries[i + 4] as number;
      if (kind === VALUE.text) return { source: reader, at, byteCount };
      const text = new TextColumn();
      pushValueText(text, reader, kind, at, byteCount);
      const own = new WireReader(text.data.filled());
      const end = own.contentEnd(own.bytes.length);
      return { source: own, at: own.position, byteCount: end - own.position };
    }
    return NO_TEXT;
  }
}

function holds(bytes: Uint8Array, at: number, key: Buffer): boolean {
  for (let i = 0; i < key.length; i++) if (bytes[at + i] !== key[i]) return false;
  return true;
}
