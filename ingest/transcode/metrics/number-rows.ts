import type { Walk } from '../walk.ts';
import type { GaugeColumns } from './metric-columns.ts';
import { NUMBER, type NumberScan } from './number-scan.ts';
import { int64AsDouble, writeExemplars, writeFixed64, writePoint } from './point-rows.ts';

/** Writes one row of otel_metrics_gauge or otel_metrics_sum; returns its anomaly bits. */
export function writeNumber(columns: GaugeColumns, walk: Walk, point: NumberScan): number {
  const { reader } = walk;
  const anomalies = writePoint(columns, walk, point) | writeExemplars(columns, walk, point);
  if (point.value === NUMBER.int) {
    const at = point.valueAt;
    columns.Value.data.float64(int64AsDouble(reader, at));
    columns.ValueInt.push(reader.view.getInt32(at, true), reader.view.getInt32(at + 4, true));
  } else {
    columns.ValueInt.pushNull();
    if (point.value === NUMBER.double) writeFixed64(columns.Value, reader, point.valueAt);
    else columns.Value.data.float64(Number.NaN); // no recorded value
  }
  return anomalies;
}
