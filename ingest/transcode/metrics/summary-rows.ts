import type { Walk } from '../walk.ts';
import type { SummaryColumns } from './metric-columns.ts';
import { writeFixed64, writePoint } from './point-rows.ts';
import type { SummaryScan } from './summary-scan.ts';

/** Writes one row of otel_metrics_summary; returns its anomaly bits. */
export function writeSummary(columns: SummaryColumns, walk: Walk, point: SummaryScan): number {
  const { reader } = walk;
  const anomalies = writePoint(columns, walk, point);
  writeFixed64(columns.Count, reader, point.countAt);
  writeFixed64(columns.Sum, reader, point.sumAt);
  const { places, length } = point.quantiles;
  for (let i = 0; i < length; i += 2) {
    writeFixed64(columns['ValueAtQuantiles.Quantile'].items, reader, places[i] as number);
    writeFixed64(columns['ValueAtQuantiles.Value'].items, reader, places[i + 1] as number);
  }
  columns['ValueAtQuantiles.Quantile'].endRow(length / 2);
  return anomalies;
}
