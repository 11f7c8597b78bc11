import { type Chunking, TableBuilder } from '../table-builder.ts';
import type { Walk } from '../walk.ts';
import type { SignalTranscoder } from '../walk-request.ts';
import { ExponentialHistogramScan } from './exponential-histogram-scan.ts';
import { bucketsFit, writeExponentialHistogram, writeHistogram } from './histogram-rows.ts';
import { HistogramScan } from './histogram-scan.ts';
import {
  exponentialHistogramColumns,
  gaugeColumns,
  histogramColumns,
  sumColumns,
  summaryColumns,
} from './metric-columns.ts';
import { METRIC_DATA, MetricScan } from './metric-scan.ts';
import { writeNumber } from './number-rows.ts';
import { NUMBER, NumberScan } from './number-scan.ts';
import { PointTable } from './point-table.ts';
import { writeSummary } from './summary-rows.ts';
import { SummaryScan } from './summary-scan.ts';

/** Data points into rows of the five otel_metrics tables. */
export class MetricsTranscoder implements SignalTranscoder {
  readonly tables: SignalTranscoder['tables'];
  readonly #metric = new MetricScan();
  readonly #points: Readonly<
    Record<number, Pick<PointTable<never, never>, 'walkPoints' | 'endScope' | 'endResource'>>
  >;

  constructor(chunking: Chunking) {
    const gauge = new TableBuilder('otel_metrics_gauge', gaugeColumns, chunking);
    const sum = new TableBuilder('otel_metrics_sum', sumColumns, chunking);
    const histogram = new TableBuilder('otel_metrics_histogram', histogramColumns, chunking);
    const exponential = new TableBuilder(
      'otel_metrics_exponential_histogram',
      exponentialHistogramColumns,
      chunking,
    );
    const summary = new TableBuilder('otel_metrics_summary', summaryColumns, chunking);
    this.tables = [gauge, sum, histogram, exponential, summary];
    const number = new NumberScan();
    this.#points = {
      [METRIC_DATA.gauge]: new PointTable({
        table: gauge,
        point: number,
        refuse: (_, point) => refuseNumber(point),
        write: writeNumber,
      }),
      [METRIC_DATA.sum]: new PointTable({
        table: sum,
        point: number,
        refuse: (metric, point) => refuseTemporality(metric) ?? refuseNumber(point),
        write: writeNumber,
      }),
      [METRIC_DATA.histogram]: new PointTable({
        table: histogram,
        point: new HistogramScan(),
        refuse: (metric, point) => refuseTemporality(metric) ?? refuseBuckets(point),
        write: writeHistogram,
      }),
      [METRIC_DATA.exponentialHistogram]: new PointTable({
        table: exponential,
        point: new ExponentialHistogramScan(),
        refuse: refuseTemporality,
        write: writeExponentialHistogram,
      }),
      [METRIC_DATA.summary]: new PointTable({
        table: summary,
        point: new SummaryScan(),
        refuse: () => null,
        write: writeSummary,
      }),
    };
  }

  walkItem(walk: Walk, end: number): void {
    const metric = this.#metric;
    metric.read(walk.reader, end);
    const points = this.#points[metric.data];
    if (points === undefined)
      walk.judgement.warn('metrics without data were accepted; they hold no data points');
    else points.walkPoints(walk, metric);
    walk.reader.position = end;
  }

  endScope(walk: Walk): void {
    for (const points of Object.values(this.#points)) points.endScope(walk);
  }

  endResource(walk: Walk): void {
    for (const points of Object.values(this.#points)) points.endResource(walk);
  }
}

/** Without its temporality nobody can add two points, or tell a reset from a fall. */
function refuseTemporality(metric: MetricScan): string | null {
  return metric.temporality === 0 ? 'temporality_unset' : null;
}

function refuseNumber(point: NumberScan): string | null {
  return point.value === NUMBER.none && !point.hasNoRecordedValue ? 'value_missing' : null;
}

function refuseBuckets(point: HistogramScan): string | null {
  return bucketsFit(point) || point.hasNoRecordedValue ? null : 'buckets_misfit';
}
