import type { CounterSeries } from '../../core/counter-series.ts';

/** After the first moment, up to and with the second: both are moments at which the process reported. */
export interface Between {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * How much was counted between two reports, over all series and restarts. A series that was not there at the first
 * began at nothing: counters appear when their first event does, a restarted process with its first report. A
 * counter that fell began again.
 */
export function countBetween(series: readonly CounterSeries[], range: Between): number {
  return series.reduce((sum, one) => sum + countOne(one, range), 0);
}

function countOne({ points, temporality }: CounterSeries, { fromMs, untilMs }: Between): number {
  let [count, before] = [0, 0];
  for (const { timeMs, value } of points) {
    if (timeMs > untilMs) break;
    if (timeMs > fromMs) count += addedSince(before, value, temporality);
    before = value;
  }
  return count;
}

/** What a reading adds to the one before it: a delta is what was added, a counter that fell began again. */
export function addedSince(before: number, value: number, temporality: CounterSeries['temporality']): number {
  return temporality === 'delta' || value < before ? value : value - before;
}

/** By how much a level (queue, in flight, live) differs between two reports; one that was not there was at nothing. */
export function levelChange(series: readonly CounterSeries[], range: Between): number {
  return series.reduce((sum, one) => {
    if (one.temporality === 'delta') return sum + countOne(one, range);
    return sum + levelAt(one, range.untilMs) - levelAt(one, range.fromMs);
  }, 0);
}

function levelAt({ points }: CounterSeries, timeMs: number): number {
  return points.findLast((point) => point.timeMs <= timeMs)?.value ?? 0;
}
