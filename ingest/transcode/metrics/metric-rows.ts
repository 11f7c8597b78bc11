import { chargeRepeats } from '../charge-repeats.ts';
import type { FixedColumn } from '../columns/fixed-column.ts';
import type { Walk } from '../walk.ts';
import type { PointColumns } from './metric-columns.ts';
import type { MetricScan } from './metric-scan.ts';

/** Columns that hold the same in all rows of a metric; what a table lacks, its metrics do not have. */
interface MetricColumns extends Pick<PointColumns, 'MetricName' | 'MetricDescription' | 'MetricUnit'> {
  readonly AggregationTemporality?: FixedColumn;
  readonly IsMonotonic?: FixedColumn;
}

/** Writes the metric's part of `times` rows; returns their anomaly bits. */
export function writeMetric(columns: MetricColumns, walk: Walk, metric: MetricScan, times: number): number {
  const { reader } = walk;
  const { descriptionAt, descriptionBytes, unitAt, unitBytes } = metric;
  chargeRepeats(walk, descriptionBytes + unitBytes, times);
  let anomalies = columns.MetricName.repeat(reader, metric.nameAt, metric.nameBytes, times);
  anomalies |= columns.MetricDescription.repeat(reader, descriptionAt, descriptionBytes, times);
  anomalies |= columns.MetricUnit.repeat(reader, unitAt, unitBytes, times);
  columns.AggregationTemporality?.repeatUint32(metric.temporality, times);
  columns.IsMonotonic?.repeatUint8(metric.isMonotonic, times);
  return anomalies;
}
