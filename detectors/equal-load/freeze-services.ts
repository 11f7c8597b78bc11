import type { FrozenMetric, FrozenService } from '../../core/accepted-reference.ts';
import type { RecordedChange, ServiceHistory, ServiceSeries } from '../../core/system-history.ts';
import { freezeMetric } from './freeze-metric.ts';
import { ownPeriod } from './own-period.ts';
import type { AcceptedPeriod } from './system-view.ts';

/** The load itself, and a number that is a name. */
const NOT_FROZEN: ReadonlySet<string> = new Set<ServiceSeries>(['requests', 'version']);
/** Sums of floats depend on their order far below this. */
const DECIMALS = 6;

/**
 * What was normal of services over a whole history, in the form that people accept: by service and metric in order of
 * name, without what no bin could be made of.
 */
export function freezeServices(
  services: Iterable<ServiceHistory>,
  minutes: number,
  changes: readonly RecordedChange[] = [],
): FrozenService[] {
  return [...services]
    .map((service) => ({
      service: service.name,
      metrics: freezeSeries(
        service.series,
        minutes,
        ownPeriod(
          service,
          changes.filter((change) => change.service === service.name),
          { fromMinute: 0, untilMinute: minutes },
        ),
      ),
    }))
    .filter(({ metrics }) => metrics.length > 0)
    .sort((a, b) => (a.service < b.service ? -1 : 1));
}

function freezeSeries(
  series: ServiceHistory['series'],
  minutes: number,
  period: AcceptedPeriod,
): FrozenMetric[] {
  const { requests } = series;
  if (requests === undefined) return [];
  const metrics = (Object.keys(series) as ServiceSeries[]).filter((metric) => !NOT_FROZEN.has(metric)).sort();
  return metrics.flatMap((metric) => {
    const values = series[metric] as Float64Array;
    const frozen = freezeMetric(requests, values, period);
    if (frozen.size === 0) return [];
    const bins = [...frozen]
      .sort(([a], [b]) => a - b)
      .map(([bin, { logMedian, logMad, minutes: known }]) => ({
        bin,
        logMedian: rounded(logMedian),
        logMad: rounded(logMad),
        minutes: known,
      }));
    const covered = bins.reduce((sum, bin) => sum + bin.minutes, 0);
    return [{ metric, coverageRatio: rounded(covered / minutes), bins }];
  });
}

function rounded(value: number): number {
  // Never -0: its JSON is that of 0.
  return Number(value.toFixed(DECIMALS)) + 0;
}
