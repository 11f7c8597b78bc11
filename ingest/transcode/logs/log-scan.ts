import { AttributeList } from '../attribute-list.ts';
import { SPLIT_MESSAGE_FOUND } from '../split-message-found.ts';
import { ValueScan } from '../value-scan.ts';
import { NOT_SENT, type WireReader } from '../wire-reader.ts';

/** Where the fields of one log record lie in the body; see SpanScan. Once per record: no allocation. */
export class LogScan {
  timeAt = NOT_SENT;
  observedAt = NOT_SENT;
  severityNumber = 0;
  severityTextAt = 0;
  severityTextBytes = 0;
  droppedAttributesCount = 0;
  flagsAt = NOT_SENT;
  traceIdAt = 0;
  traceIdBytes = 0;
  spanIdAt = 0;
  spanIdBytes = 0;
  eventNameAt = 0;
  eventNameBytes = 0;
  /** False when the body or an attribute is nested too deep to store. */
  fits = true;
  readonly body = new ValueScan();
  readonly attributes = new AttributeList();
  #bodies = 0;

  /** Reads the LogRecord between the reader's position and `end`. */
  read(reader: WireReader, end: number): void {
    this.#clear();
    while (reader.position < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x32:
          if (!this.attributes.read(reader, tag, end)) this.fits = false;
          break;
        case 0x09:
          this.timeAt = reader.fixed(8, end);
          break;
        case 0x10:
          this.severityNumber = reader.varint32(end);
          break;
        case 0x1a:
          this.severityTextBytes = reader.content(end);
          this.severityTextAt = reader.position - this.severityTextBytes;
          break;
        case 0x2a:
          this.#readBody(reader, reader.contentEnd(end));
          break;
        case 0x38:
          this.droppedAttributesCount = reader.varint32(end);
          break;
        case 0x45:
          this.flagsAt = reader.fixed(4, end);
          break;
        case 0x4a:
          this.traceIdBytes = reader.content(end);
          this.traceIdAt = reader.position - this.traceIdBytes;
          break;
        case 0x52:
          this.spanIdBytes = reader.content(end);
          this.spanIdAt = reader.position - this.spanIdBytes;
          break;
        case 0x59:
          this.observedAt = reader.fixed(8, end);
          break;
        case 0x62:
          this.eventNameBytes = reader.content(end);
          this.eventNameAt = reader.position - this.eventNameBytes;
          break;
        default:
          reader.skip(tag, end);
      }
    }
  }

  #readBody(reader: WireReader, end: number): void {
    if (this.#bodies++ > 0) throw SPLIT_MESSAGE_FOUND;
    if (!this.body.read(reader, end)) this.fits = false;
  }

  #clear(): void {
    this.timeAt = NOT_SENT;
    this.observedAt = NOT_SENT;
    this.severityNumber = 0;
    this.severityTextBytes = 0;
    this.droppedAttributesCount = 0;
    this.flagsAt = NOT_SENT;
    this.traceIdBytes = 0;
    this.spanIdBytes = 0;
    this.eventNameBytes = 0;
    this.fits = true;
    this.#bodies = 0;
    this.body.clear();
    this.attributes.clear();
  }
}
