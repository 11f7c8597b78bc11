import type { FrozenMetric } from '../../core/accepted-reference.ts';
import type { MetricReference } from './freeze-metric.ts';

/** A metric as it was accepted, for residuals at equal load. */
export function metricReferenceOf({ bins }: FrozenMetric): MetricReference {
  return new Map(bins.map(({ bin, ...reference }) => [bin, reference]));
}
