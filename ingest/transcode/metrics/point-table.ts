import { fillResource } from '../resource-columns.ts';
import { fillScope } from '../scope-columns.ts';
import type { TableBuilder } from '../table-builder.ts';
import type { Walk } from '../walk.ts';
import { readAhead } from '../walk-request.ts';
import type { WireReader } from '../wire-reader.ts';
import type { PointColumns } from './metric-columns.ts';
import { writeMetric } from './metric-rows.ts';
import type { MetricScan } from './metric-scan.ts';
import type { PointScan } from './point-scan.ts';

interface ReadablePoint extends PointScan {
  read(reader: WireReader, end: number): void;
}

/** How the data points of one kind are read, refused and written. */
interface PointKind<C extends PointColumns, P extends ReadablePoint> {
  readonly table: TableBuilder<C>;
  readonly point: P;
  /** Reason why the point cannot be stored, or null. */
  refuse(metric: MetricScan, point: P): string | null;
  /** Writes one row, but for what is the same for all of its metric; returns its anomaly bits. */
  write(columns: C, walk: Walk, point: P): number;
}

/** The data points of one kind on their way into their table. */
export class PointTable<C extends PointColumns, P extends ReadablePoint> {
  readonly #kind: PointKind<C, P>;
  /** First row of the open chunk that belongs to the metric being walked. */
  #metricFrom = 0;
  #metricAnomalies = 0;

  constructor(kind: PointKind<C, P>) {
    this.#kind = kind;
  }

  /** Walks the points of the metric that has been read. */
  walkPoints(walk: Walk, metric: MetricScan): void {
    const { reader } = walk;
    const end = metric.dataEnd;
    reader.position = metric.dataAt;
    this.#metricFrom = this.#kind.table.rowCount;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) this.#walkPoint(walk, metric, reader.contentEnd(end));
      else reader.skip(tag, end);
    }
    this.#endMetric(walk, metric);
  }

  endScope(walk: Walk): void {
    const { table } = this.#kind;
    fillScope(table, table.columns, walk);
  }

  endResource(walk: Walk): void {
    const { table } = this.#kind;
    fillResource(table, table.columns, walk);
  }

  /** The rows since the metric's first repeat what it says of it. */
  #endMetric(walk: Walk, metric: MetricScan): void {
    const { table } = this.#kind;
    const times = table.rowCount - this.#metricFrom - 1;
    if (times > 0) writeMetric(table.columns, walk, metric, times);
  }

  #walkPoint(walk: Walk, metric: MetricScan, end: number): void {
    const { judgement, resource, scope } = walk;
    const { point } = this.#kind;
    point.read(walk.reader, end);
    judgement.found(point.partCount);
    const fits = resource.fits && scope.fits && point.fits;
    const refusal = fits ? this.#kind.refuse(metric, point) : 'value_too_deep';
    if (refusal === null) this.#store(walk, metric);
    else judgement.reject(resource, refusal);
    walk.reader.position = end;
  }

  #store(walk: Walk, metric: MetricScan): void {
    const { table, point } = this.#kind;
    if (table.rowCount === table.rowsPerChunkMax) {
      readAhead(walk);
      this.#endMetric(walk, metric);
      this.endScope(walk);
      this.endResource(walk);
      table.rotate();
      this.#metricFrom = 0;
    }
    const { columns } = table;
    if (table.rowCount === this.#metricFrom) this.#metricAnomalies = writeMetric(columns, walk, metric, 1);
    const anomalies = this.#metricAnomalies | this.#kind.write(columns, walk, point);
    columns.Anomalies.data.int32(anomalies);
    table.rowCount++;
    if (anomalies !== 0) walk.judgement.note(anomalies);
  }
}
