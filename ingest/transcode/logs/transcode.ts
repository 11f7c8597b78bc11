import { fillResource } from '../resource-columns.ts';
import { fillScope } from '../scope-columns.ts';
import { type Chunking, TableBuilder } from '../table-builder.ts';
import type { Walk } from '../walk.ts';
import { readAhead, type SignalTranscoder } from '../walk-request.ts';
import { type LogColumns, logColumns } from './log-columns.ts';
import { SEVERITY_NUMBER_MAX, writeLog } from './log-rows.ts';
import { LogScan } from './log-scan.ts';

/** Log records into rows of otel_logs. */
export class LogsTranscoder implements SignalTranscoder {
  readonly tables: readonly [TableBuilder<LogColumns>];
  readonly #table: TableBuilder<LogColumns>;
  readonly #log = new LogScan();

  constructor(chunking: Chunking) {
    this.#table = new TableBuilder('otel_logs', logColumns, chunking);
    this.tables = [this.#table];
  }

  walkItem(walk: Walk, end: number): void {
    const { reader, judgement, resource, scope } = walk;
    this.#log.read(reader, end);
    judgement.found(this.#log.attributes.count);
    if (resource.fits && scope.fits && this.#log.fits) this.#store(walk);
    else judgement.reject(resource, 'value_too_deep');
    reader.position = end;
  }

  endScope(walk: Walk): void {
    fillScope(this.#table, this.#table.columns, walk);
  }

  endResource(walk: Walk): void {
    fillResource(this.#table, this.#table.columns, walk);
  }

  #store(walk: Walk): void {
    const table = this.#table;
    if (table.rowCount === table.rowsPerChunkMax) {
      readAhead(walk);
      this.endScope(walk);
      this.endResource(walk);
      table.rotate();
    }
    if (this.#log.severityNumber > SEVERITY_NUMBER_MAX) {
      walk.judgement.warn(`severity numbers outside 0-${SEVERITY_NUMBER_MAX} were stored as 0`);
    }
    const anomalies = writeLog(table.columns, walk.reader, this.#log, walk.arrival);
    table.rowCount++;
    if (anomalies !== 0) walk.judgement.note(anomalies);
  }
}
