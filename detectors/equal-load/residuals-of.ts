import type { MetricReference } from './freeze-metric.ts';
import { loadBinsOf } from './load-bin.ts';

/**
 * By how much a metric is off its reference at equal load, minute by minute: ln(value) - ln(reference). NaN where the
 * load was never seen in the accepted period, or the value is not known: that is *cannot say*, not *fine*.
 */
export function residualsOf(
  requests: Float64Array,
  values: Float64Array,
  reference: MetricReference,
): Float64Array {
  const bins = loadBinsOf(requests);
  const residuals = new Float64Array(values.length);
  for (let minute = 0; minute < values.length; minute++) {
    const value = values[minute] as number;
    const known = value > 0 ? reference.get(bins[minute] as number) : undefined;
    residuals[minute] = known === undefined ? Number.NaN : Math.log(value) - known.logMedian;
  }
  return residuals;
}
