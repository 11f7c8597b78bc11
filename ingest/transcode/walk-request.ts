import type { Arrival } from './arrival.ts';
import type { Column } from './columns/column.ts';
import type { Judgement } from './judgement.ts';
import { ResourceScan } from './resource-scan.ts';
import { ScopeScan } from './scope-scan.ts';
import { SPLIT_MESSAGE_FOUND } from './split-message-found.ts';
import type { TableBuilder } from './table-builder.ts';
import { readText } from './text-place.ts';
import { WireReader } from './wire-reader.ts';

/** A body on its way, and where in it the walk stands. */
export interface Walk {
  readonly reader: WireReader;
  readonly arrival: Arrival;
  readonly judgement: Judgement;
  readonly resource: ResourceScan;
  readonly scope: ScopeScan;
}

/** What differs between the signals: the items of a scope, and the tables they go to. */
export interface SignalTranscoder {
  readonly tables: readonly TableBuilder<Readonly<Record<string, Column>>>[];
  /** Walks one Span, Metric or LogRecord between the reader's position and `end`, and leaves the reader there. */
  walkItem(walk: Walk, end: number): void;
  /** Fills what all rows of the scope have in common. */
  endScope(walk: Walk): void;
  /** Fills what all rows of the resource have in common. */
  endResource(walk: Walk): void;
}

/**
 * Walks an export request; the three signals share its frame: 1 the resource (scope), 2 what it holds, 3 the
 * schema URL. What stands behind the items it belongs to is read first, the items stepped over.
 * @throws PipelineError `otlp_malformed`, or SplitMessageFound
 */
export function walkRequest(
  body: Uint8Array,
  transcoder: SignalTranscoder,
  context: { readonly arrival: Arrival; readonly judgement: Judgement },
): void {
  const reader = new WireReader(body);
  const walk: Walk = { ...context, reader, resource: new ResourceScan(), scope: new ScopeScan() };
  const end = body.length;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) walkResource(walk, transcoder, reader.contentEnd(end));
    else reader.skip(tag, end);
  }
}

function walkResource(walk: Walk, transcoder: SignalTranscoder, end: number): void {
  const { reader } = walk;
  readFrame(reader, end, walk.resource);
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x12) walkScope(walk, transcoder, reader.contentEnd(end));
    else reader.skip(tag, end);
  }
  transcoder.endResource(walk);
  reader.position = end; // encoding the resource reads it again
}

function walkScope(walk: Walk, transcoder: SignalTranscoder, end: number): void {
  const { reader } = walk;
  readFrame(reader, end, walk.scope);
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x12) transcoder.walkItem(walk, reader.contentEnd(end));
    else reader.skip(tag, end);
  }
  transcoder.endScope(walk);
  reader.position = end;
}

function readFrame(reader: WireReader, end: number, scan: ResourceScan | ScopeScan): void {
  const startAt = reader.position;
  let messages = 0;
  scan.clear();
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x12) reader.position = reader.contentEnd(end);
    else if (tag === 0x0a) {
      if (messages++ > 0) throw SPLIT_MESSAGE_FOUND;
      scan.read(reader, reader.contentEnd(end));
    } else if (tag === 0x1a) scan.schemaUrl = readText(reader, end);
    else reader.skip(tag, end);
  }
  reader.position = startAt;
}
