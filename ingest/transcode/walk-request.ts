import type { Arrival } from './arrival.ts';
import type { Column } from './columns/column.ts';
import type { Judgement } from './judgement.ts';
import type { ResourceScan } from './resource-scan.ts';
import type { ScopeScan } from './scope-scan.ts';
import { SPLIT_MESSAGE_FOUND } from './split-message-found.ts';
import type { TableBuilder } from './table-builder.ts';
import { readText } from './text-place.ts';
import { Walk } from './walk.ts';
import type { WireReader } from './wire-reader.ts';

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
 * schema URL. Rows get what they have in common at the end of the scope and of the resource, so the frame may be
 * read as it comes: to step over the items first, for the URL behind them, costs 7 % of the walk.
 * @throws PipelineError `otlp_malformed`, or SplitMessageFound
 */
export function walkRequest(
  body: Uint8Array,
  transcoder: SignalTranscoder,
  context: { readonly arrival: Arrival; readonly judgement: Judgement },
): void {
  const walk = new Walk(body, context);
  const { reader } = walk;
  const end = body.length;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) walkResource(walk, transcoder, reader.contentEnd(end));
    else reader.skip(tag, end);
  }
}

function walkResource(walk: Walk, transcoder: SignalTranscoder, end: number): void {
  const { reader, resource } = walk;
  let sawItems = false;
  resource.clear();
  walk.resourceEnd = end;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x12) {
      sawItems = true;
      walkScope(walk, transcoder, reader.contentEnd(end));
    } else readFrame(reader, { tag, end, scan: resource, sawItems });
  }
  walk.judgement.sentBy(resource);
  transcoder.endResource(walk);
  reader.position = end; // encoding the resource reads it again
}

function walkScope(walk: Walk, transcoder: SignalTranscoder, end: number): void {
  const { reader, scope } = walk;
  let sawItems = false;
  scope.clear();
  walk.scopeEnd = end;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x12) {
      sawItems = true;
      walk.itemEnd = reader.contentEnd(end);
      transcoder.walkItem(walk, walk.itemEnd);
    } else readFrame(reader, { tag, end, scan: scope, sawItems });
  }
  transcoder.endScope(walk);
  reader.position = end;
}

interface FrameField {
  readonly tag: number;
  readonly end: number;
  readonly scan: ResourceScan | ScopeScan;
  readonly sawItems: boolean;
}

/** Reads the resource or scope, or its schema URL. */
function readFrame(reader: WireReader, { tag, end, scan, sawItems }: FrameField): void {
  if (tag === 0x0a) {
    // Items are judged by the resource they belong to; merging puts one that stands behind them first.
    if (scan.wasRead || sawItems) throw SPLIT_MESSAGE_FOUND;
    scan.wasRead = true;
    scan.read(reader, reader.contentEnd(end));
  } else if (tag === 0x1a) scan.schemaUrl = readText(reader, end);
  else reader.skip(tag, end);
}

/** When a chunk must be closed in the middle of a scope: reads the schema URLs behind the items, once. */
export function readAhead(walk: Walk): void {
  const { reader, scope, resource } = walk;
  readUrlAhead(reader, walk.itemEnd, walk.scopeEnd, scope);
  readUrlAhead(reader, walk.scopeEnd, walk.resourceEnd, resource);
}

function readUrlAhead(reader: WireReader, from: number, end: number, scan: ResourceScan | ScopeScan): void {
  if (scan.wasReadAhead) return;
  scan.wasReadAhead = true;
  reader.position = from;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x1a) scan.schemaUrl = readText(reader, end);
    else reader.skip(tag, end);
  }
}
