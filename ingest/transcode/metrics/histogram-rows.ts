import { ANOMALY } from '../../../core/anomaly.ts';
import type { Walk } from '../walk.ts';
import { BucketSum } from './bucket-sum.ts';
import type { ExponentialHistogramScan } from './exponential-histogram-scan.ts';
import type { HistogramScan } from './histogram-scan.ts';
import type { ExponentialHistogramColumns, HistogramColumns } from './metric-columns.ts';
import { writeExemplars, writeFixed64, writeOptionalDouble, writePoint } from './point-rows.ts';

const sum = new BucketSum();

/** One more bucket than bounds, or neither: otherwise nobody can say which bucket holds what. */
export function bucketsFit(point: HistogramScan): boolean {
  const counts = point.counts.count;
  const bounds = point.bounds.count;
  return counts === bounds + 1 || (counts === 0 && bounds === 0);
}

/** Writes one row of otel_metrics_histogram; returns its anomaly bits. */
export function writeHistogram(columns: HistogramColumns, walk: Walk, point: HistogramScan): number {
  const { reader } = walk;
  let anomalies = writePoint(columns, walk, point) | writeExemplars(columns, walk, point);
  writeFixed64(columns.Count, reader, point.countAt);
  writeOptionalDouble(columns.Sum, reader, point.sumAt);
  writeOptionalDouble(columns.Min, reader, point.minAt);
  writeOptionalDouble(columns.Max, reader, point.maxAt);
  const { counts, bounds } = point;
  counts.writeFixed(columns.BucketCounts.items.data, reader);
  columns.BucketCounts.endRow(counts.count);
  bounds.writeFixed(columns.ExplicitBounds.items.data, reader);
  columns.ExplicitBounds.endRow(bounds.count);
  sum.clear();
  sum.addAllFixed(reader, counts);
  const misfit = !bucketsFit(point) || (counts.count > 0 && !sum.equals(reader, point.countAt));
  if (misfit) anomalies |= ANOMALY.bucketsMisfit;
  return anomalies;
}

/** Writes one row of otel_metrics_exponential_histogram; returns its anomaly bits. */
export function writeExponentialHistogram(
  columns: ExponentialHistogramColumns,
  walk: Walk,
  point: ExponentialHistogramScan,
): number {
  const { reader } = walk;
  let anomalies = writePoint(columns, walk, point) | writeExemplars(columns, walk, point);
  writeFixed64(columns.Count, reader, point.countAt);
  writeOptionalDouble(columns.Sum, reader, point.sumAt);
  writeOptionalDouble(columns.Min, reader, point.minAt);
  writeOptionalDouble(columns.Max, reader, point.maxAt);
  columns.Scale.data.int32(point.scale);
  writeFixed64(columns.ZeroCount, reader, point.zeroCountAt);
  writeFixed64(columns.ZeroThreshold, reader, point.zeroThresholdAt);
  const { positive, negative } = point;
  sum.clear();
  columns.PositiveOffset.data.int32(positive.offset);
  positive.counts.writeVarints(columns.PositiveBucketCounts.items.data, reader, sum);
  columns.PositiveBucketCounts.endRow(positive.counts.count);
  columns.NegativeOffset.data.int32(negative.offset);
  negative.counts.writeVarints(columns.NegativeBucketCounts.items.data, reader, sum);
  columns.NegativeBucketCounts.endRow(negative.counts.count);
  sum.addFixed(reader, point.zeroCountAt);
  if (!sum.equals(reader, point.countAt)) anomalies |= ANOMALY.bucketsMisfit;
  return anomalies;
}
