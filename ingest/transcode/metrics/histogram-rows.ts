import { ANOMALY } from '../../../core/anomaly.ts';
import type { ArrayColumn } from '../columns/array-column.ts';
import type { FixedColumn } from '../columns/fixed-column.ts';
import type { PairList } from '../pair-list.ts';
import type { Walk } from '../walk-request.ts';
import { BucketSum } from './bucket-sum.ts';
import type { ExponentialHistogramScan } from './exponential-histogram-scan.ts';
import type { HistogramScan } from './histogram-scan.ts';
import type { ExponentialHistogramColumns, HistogramColumns } from './metric-columns.ts';
import type { MetricScan } from './metric-scan.ts';
import { writeExemplars, writeFixed64, writeOptionalDouble, writePoint } from './point-rows.ts';

const sum = new BucketSum();

/** One more bucket than bounds, or neither: otherwise nobody can say which bucket holds what. */
export function bucketsFit(point: HistogramScan): boolean {
  const counts = point.counts.pairCount;
  const bounds = point.bounds.pairCount;
  return counts === bounds + 1 || (counts === 0 && bounds === 0);
}

/** Writes one row of otel_metrics_histogram; returns its anomaly bits. */
export function writeHistogram(
  columns: HistogramColumns,
  walk: Walk,
  metric: MetricScan,
  point: HistogramScan,
): number {
  const { reader } = walk;
  let anomalies = writePoint(columns, walk, metric, point) | writeExemplars(columns, walk, point);
  writeFixed64(columns.Count, reader, point.countAt);
  writeOptionalDouble(columns.Sum, reader, point.sumAt);
  writeOptionalDouble(columns.Min, reader, point.minAt);
  writeOptionalDouble(columns.Max, reader, point.maxAt);
  writePairs(columns.BucketCounts, point.counts);
  writePairs(columns.ExplicitBounds, point.bounds);
  columns.AggregationTemporality.data.int32(metric.temporality);
  sum.clear();
  sum.add(point.counts);
  const misfit = !bucketsFit(point) || (point.counts.length > 0 && !sum.equals(reader, point.countAt));
  if (misfit) anomalies |= ANOMALY.bucketsMisfit;
  columns.Anomalies.data.int32(anomalies);
  return anomalies;
}

/** Writes one row of otel_metrics_exponential_histogram; returns its anomaly bits. */
export function writeExponentialHistogram(
  columns: ExponentialHistogramColumns,
  walk: Walk,
  metric: MetricScan,
  point: ExponentialHistogramScan,
): number {
  const { reader } = walk;
  let anomalies = writePoint(columns, walk, metric, point) | writeExemplars(columns, walk, point);
  writeFixed64(columns.Count, reader, point.countAt);
  writeOptionalDouble(columns.Sum, reader, point.sumAt);
  writeOptionalDouble(columns.Min, reader, point.minAt);
  writeOptionalDouble(columns.Max, reader, point.maxAt);
  columns.Scale.data.int32(point.scale);
  writeFixed64(columns.ZeroCount, reader, point.zeroCountAt);
  writeFixed64(columns.ZeroThreshold, reader, point.zeroThresholdAt);
  columns.PositiveOffset.data.int32(point.positive.offset);
  writePairs(columns.PositiveBucketCounts, point.positive.counts);
  columns.NegativeOffset.data.int32(point.negative.offset);
  writePairs(columns.NegativeBucketCounts, point.negative.counts);
  columns.AggregationTemporality.data.int32(metric.temporality);
  sum.clear();
  sum.add(point.positive.counts);
  sum.add(point.negative.counts);
  sum.addFixed(reader, point.zeroCountAt);
  if (!sum.equals(reader, point.countAt)) anomalies |= ANOMALY.bucketsMisfit;
  columns.Anomalies.data.int32(anomalies);
  return anomalies;
}

function writePairs(column: ArrayColumn<FixedColumn>, pairs: PairList): void {
  const { places, length } = pairs;
  for (let i = 0; i < length; i += 2) {
    column.items.data.int64(places[i] as number, places[i + 1] as number);
  }
  column.endRow(length / 2);
}
