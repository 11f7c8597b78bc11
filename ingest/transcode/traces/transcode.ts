import { isValidId, SPAN_ID_BYTES, TRACE_ID_BYTES } from '../ids.ts';
import { fillResource } from '../resource-columns.ts';
import { fillScope } from '../scope-columns.ts';
import { type Chunking, TableBuilder } from '../table-builder.ts';
import type { Walk } from '../walk.ts';
import { readAhead, type SignalTranscoder } from '../walk-request.ts';
import { type SpanColumns, spanColumns } from './span-columns.ts';
import { writeSpan } from './span-rows.ts';
import { SpanScan } from './span-scan.ts';

/** Spans into rows of otel_traces. */
export class TracesTranscoder implements SignalTranscoder {
  readonly tables: readonly [TableBuilder<SpanColumns>];
  readonly #table: TableBuilder<SpanColumns>;
  readonly #span = new SpanScan();

  constructor(chunking: Chunking) {
    this.#table = new TableBuilder('otel_traces', spanColumns, chunking);
    this.tables = [this.#table];
  }

  endScope(walk: Walk): void {
    fillScope(this.#table, this.#table.columns, walk);
  }

  endResource(walk: Walk): void {
    fillResource(this.#table, this.#table.columns, walk);
  }

  walkItem(walk: Walk, end: number): void {
    const { reader, judgement, resource } = walk;
    const span = this.#span;
    span.read(reader, end);
    judgement.found(span.partCount);
    if (!resource.fits || !span.fits) judgement.reject(resource, 'value_too_deep');
    else if (!isValidId(reader, span.traceIdAt, span.traceIdBytes, TRACE_ID_BYTES)) {
      judgement.reject(resource, 'trace_id_invalid');
    } else if (!isValidId(reader, span.spanIdAt, span.spanIdBytes, SPAN_ID_BYTES)) {
      judgement.reject(resource, 'span_id_invalid');
    } else this.#store(walk);
    reader.position = end;
  }

  #store(walk: Walk): void {
    const table = this.#table;
    if (table.rowCount === table.rowsPerChunkMax) {
      readAhead(walk);
      this.endScope(walk);
      this.endResource(walk);
      table.rotate();
    }
    const anomalies = writeSpan(table.columns, walk.reader, this.#span, walk.arrival);
    table.rowCount++;
    if (anomalies !== 0) walk.judgement.note(anomalies);
  }
}
