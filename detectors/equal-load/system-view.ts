import type { ServiceSeries, SystemHistory } from '../../core/system-history.ts';
import { freezeMetric } from './freeze-metric.ts';
import { residualsOf } from './residuals-of.ts';

/** The period that a person accepted as normal: minutes [from, until) of the history. */
export interface AcceptedPeriod {
  readonly fromMinute: number;
  readonly untilMinute: number;
}

/** A system and what was accepted as its normal; what several detectors need of it is computed once. */
export interface SystemView {
  readonly history: SystemHistory;
  readonly accepted: AcceptedPeriod;
  /** ln(value / reference at equal load) a minute; null where the service or the metric is not there. */
  residuals(service: string, metric: ServiceSeries): Float64Array | null;
}

export function viewSystem(history: SystemHistory, accepted: AcceptedPeriod): SystemView {
  const known = new Map<string, Float64Array | null>();
  const compute = (service: string, metric: ServiceSeries): Float64Array | null => {
    const series = history.services.get(service)?.series;
    const [requests, values] = [series?.requests, series?.[metric]];
    if (requests === undefined || values === undefined) return null;
    return residualsOf(requests, values, freezeMetric(requests, values, accepted));
  };
  return {
    history,
    accepted,
    residuals(service, metric) {
      const key = `${service}\u001f${metric}`;
      let residuals = known.get(key);
      if (residuals === undefined) {
        residuals = compute(service, metric);
        known.set(key, residuals);
      }
      return residuals;
    },
  };
}
