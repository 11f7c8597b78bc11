import { EDGE_STEP_MINUTES } from '../../../core/system-history.ts';
import { freezeMetric } from '../../equal-load/freeze-metric.ts';
import { residualsOf } from '../../equal-load/residuals-of.ts';
import type { AcceptedPeriod, SystemView } from '../../equal-load/system-view.ts';
import { windowMean } from '../../equal-load/window-mean.ts';
import { stretchesOf } from '../stretches-of.ts';
import { announcedAt } from './accepted-levels.ts';
import { CLOSE_MINUTES, type Deviation } from './deviation.ts';

/** Processor time per request may grow by so much before the capacity that was planned is another one. */
const GROWTH_LOG = Math.log(1.2);
const ASK_RATIO = 1.05;
const DAY_MINUTES = 24 * 60;
const COVERAGE_MIN = 0.5;

/**
 * Capacity: processor time per request, mean of a day at equal load, against the accepted period; suspected, since no
 * file says what a request may cost. After an announced change it is another service: the accepted period says nothing
 * about it any more.
 */
export function workGrowth(view: SystemView): Deviation[] {
  const { history, accepted } = view;
  return [...history.services.values()].flatMap(({ name, series }) => {
    const { requests, cpuRatio, cpuLimitCores } = series;
    const replicas = series.replicasReady ?? series.replicas;
    if (
      requests === undefined ||
      cpuRatio === undefined ||
      cpuLimitCores === undefined ||
      replicas === undefined
    )
      return [];
    const work = cpuRatio.map((ratio, minute) => {
      const made = requests[minute] as number;
      return made > 0
        ? (ratio * (replicas[minute] as number) * (cpuLimitCores[minute] as number)) / made
        : Number.NaN;
    });
    if (!mayHaveGrown(work, accepted)) return [];
    const residuals = residualsOf(requests, work, freezeMetric(requests, work, accepted));
    const means = trailingMean(residuals, DAY_MINUTES);
    const firstAnnounced = announcedAt(view, name)[0] ?? Number.POSITIVE_INFINITY;
    const isGrown = (index: number) => {
      const minute = (index + 1) * EDGE_STEP_MINUTES - 1;
      const mean = means[minute] as number;
      return Number.isNaN(mean) || minute >= firstAnnounced ? null : mean > GROWTH_LOG;
    };
    return stretchesOf(isGrown, {
      fromIndex: Math.ceil(accepted.untilMinute / EDGE_STEP_MINUTES),
      untilIndex: Math.floor(history.minutes / EDGE_STEP_MINUTES),
      stepMinutes: EDGE_STEP_MINUTES,
      lasting: 1,
      quiet: CLOSE_MINUTES / EDGE_STEP_MINUTES,
    }).map(
      ({ onsetMinute, detectedMinute, closedMinute }): Deviation => ({
        service: name,
        subject: name,
        code: 'work-grew',
        metric: 'processor time per request over the reference',
        against: 'reference',
        onsetMinute: Math.max(0, onsetMinute - DAY_MINUTES / 2),
        detectedMinute,
        confirmedMinute: null,
        closedMinute,
        intended: 1,
        seen: Math.exp(means[detectedMinute] as number),
      }),
    );
  });
}

/** Work per request hardly depends on the load: where no day is dearer at all, equal load need not be asked. */
function mayHaveGrown(work: Float64Array, { fromMinute, untilMinute }: AcceptedPeriod): boolean {
  const usual = windowMean(work, fromMinute, untilMinute).mean;
  for (let minute = untilMinute; minute < work.length; minute += DAY_MINUTES / 4) {
    // A mean of a day that is a fifth dearer has a quarter of a day that is, too. Unknown asks as well.
    if (!(windowMean(work, minute, minute + DAY_MINUTES / 4).mean <= ASK_RATIO * usual)) return true;
  }
  return false;
}

/** NaN where fewer than half of the minutes are known. */
function trailingMean(values: Float64Array, width: number): Float64Array {
  const means = new Float64Array(values.length).fill(Number.NaN);
  let sum = 0;
  let n = 0;
  for (let minute = 0; minute < values.length; minute++) {
    const value = values[minute] as number;
    if (!Number.isNaN(value)) {
      sum += value;
      n++;
    }
    const gone = values[minute - width];
    if (gone !== undefined && !Number.isNaN(gone)) {
      sum -= gone;
      n--;
    }
    if (n >= COVERAGE_MIN * width) means[minute] = sum / n;
  }
  return means;
}
