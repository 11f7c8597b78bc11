import { EDGE_STEP_MINUTES } from '../../../core/system-history.ts';
import { logsOf } from '../../equal-load/frozen-cells.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
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
    const work = new Float64Array(cpuRatio.length);
    for (let minute = 0; minute < work.length; minute++) {
      const made = requests[minute] as number;
      const busy =
        (cpuRatio[minute] as number) * (replicas[minute] as number) * (cpuLimitCores[minute] as number);
      work[minute] = made > 0 ? busy / made : Number.NaN;
    }
    const usual = view.frozen(`work a request of ${name}`, ({ fromMinute, untilMinute }) => {
      const { mean } = windowMean(work, fromMinute, untilMinute);
      return Number.isNaN(mean) ? null : mean;
    });
    if (!view.isFreezing && !mayHaveGrown(work, usual ?? Number.NaN, accepted.untilMinute)) return [];
    const residuals = view.residualsAtLoad(`work of ${name} by load`, requests, logsOf(work));
    if (residuals === null) return [];
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
function mayHaveGrown(work: Float64Array, usual: number, untilMinute: number): boolean {
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
