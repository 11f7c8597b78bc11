import type { ServiceInstance } from '../../../core/counter-series.ts';
import type { PopulationSeries } from '../../../core/sampling/population-series.ts';
import { DURATION_BOUNDS_MS } from '../../../core/sampling/sampling-window.ts';
import { addedSince } from '../../counters/count-between.ts';
import { readingTimes, SPREAD_MS } from '../../counters/reading-times.ts';
import { durationClasses } from './duration-class.ts';
import { isErrorClass } from './error-class.ts';

/** Places in `CounterCell.counts`; classes of duration follow. */
export const COUNT = { all: 0, errors: 1, sampled: 2, durations: 3 } as const;
const COUNTS_LENGTH = COUNT.durations + DURATION_BOUNDS_MS.length + 1;

/** What one process counted between two readings. */
export interface CounterCell {
  readonly startMs: number;
  readonly endMs: number;
  readonly counts: readonly number[];
  /** What was counted in all cells before. */
  readonly before: readonly number[];
  /** Some of it was never told: the process began again, or a report of deltas is missing. */
  readonly isBroken: boolean;
}

export interface CounterCurve {
  readonly instance: ServiceInstance;
  /** One after the other, without gaps. */
  readonly cells: readonly CounterCell[];
  /** It began to count where the cells begin; else it counted before, unseen. */
  readonly isBorn: boolean;
  /** Usual time between two readings. */
  readonly cadenceMs: number;
}

/**
 * What one process counted, reading by reading, over all its series. A series that was not there at a reading stood
 * at nothing, since counters appear with their first event.
 * @param series of one instance that are added together
 * @param fromMs start of the stretch that was read
 * @returns null of fewer than two readings
 */
export function counterCurve(series: readonly PopulationSeries[], fromMs: number): CounterCurve | null {
  const deltas = series.filter(({ temporality }) => temporality === 'delta');
  const starts = deltas.flatMap(({ points }) => points.slice(0, 1).map(({ startMs }) => startMs));
  const begun = series.map((one) => ({ ...one, epochMs: one.epochMs ?? Math.min(...starts) }));
  const times = readingTimes([begun], fromMs);
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined || times.length < 2) return null;
  const isBorn = !series.some(({ points }) => points.some(({ timeMs }) => timeMs <= first));
  const counts = times.slice(1).map(() => Array.from({ length: COUNTS_LENGTH }, () => 0));
  for (const one of series) addSeries(one, times, counts);
  const lengths = times.slice(1).map((timeMs, i) => timeMs - (times[i] as number));
  const cadenceMs = [...lengths].sort((a, b) => a - b)[Math.floor(lengths.length / 2)] as number;
  const broken = brokenCells(series, times, cadenceMs);
  let sum: readonly number[] = Array.from({ length: COUNTS_LENGTH }, () => 0);
  const befores = counts.map((one) => {
    const before = sum;
    sum = before.map((count, place) => count + (one[place] as number));
    return before;
  });
  return {
    instance: (series[0] as PopulationSeries).instance,
    cells: counts.map((one, i) => ({
      startMs: times[i] as number,
      endMs: times[i + 1] as number,
      counts: one,
      before: befores[i] as readonly number[],
      isBroken: broken.has(i),
    })),
    isBorn,
    cadenceMs,
  };
}

function addSeries(series: PopulationSeries, times: readonly number[], cells: number[][]): void {
  const classes = durationClasses(series.boundsMs);
  const isError = isErrorClass(series.labels);
  const isSampled = series.labels['otel.span.sampling_result'] === 'RECORD_AND_SAMPLE';
  let before: readonly number[] = [];
  let at = 0;
  for (const { timeMs, counts } of series.points) {
    while (at < times.length && (times[at] as number) < timeMs) at++;
    const cell = cells[at - 1];
    // All places fall together where the count fell: buckets are parts of it.
    const base = (counts[0] ?? 0) < (before[0] ?? 0) ? [] : before;
    const added = (place: number) => addedSince(base[place] ?? 0, counts[place] ?? 0, series.temporality);
    before = counts;
    if (cell === undefined) continue;
    const all = added(0);
    add(cell, COUNT.all, all);
    if (isError) add(cell, COUNT.errors, all);
    if (isSampled) add(cell, COUNT.sampled, all);
    classes?.forEach((index, bucket) => {
      add(cell, COUNT.durations + index, added(bucket + 1));
    });
  }
}

function add(cell: number[], place: number, count: number): void {
  cell[place] = (cell[place] as number) + count;
}

const DELAY_MAX = 1.5;

function brokenCells(
  series: readonly PopulationSeries[],
  times: readonly number[],
  cadenceMs: number,
): ReadonlySet<number> {
  const broken = new Set<number>();
  const cellOf = (timeMs: number) => times.findIndex((reading) => reading >= timeMs) - 1;
  const last = times.at(-1) as number;
  for (const { temporality, points } of series) {
    if (temporality === 'delta') continue;
    points.forEach(({ timeMs, counts }, i) => {
      if ((counts[0] ?? 0) < (points[i - 1]?.counts[0] ?? 0)) broken.add(cellOf(timeMs));
    });
    // Counters are reported for as long as the process lives: one that is no longer was another process's.
    const end = points.at(-1)?.timeMs;
    if (end !== undefined && end < last - SPREAD_MS) broken.add(cellOf(end) + 1);
  }
  const deltas = series.filter(({ temporality }) => temporality === 'delta').flatMap(({ points }) => points);
  if (deltas.length === 0) return broken;
  times.slice(1).forEach((timeMs, i) => {
    const startMs = times[i] as number;
    const inside = deltas.filter((point) => point.timeMs > startMs && point.timeMs <= timeMs);
    const coversFrom = Math.min(...inside.map((point) => point.startMs));
    // Some SDKs stamp the first event as a delta's start, so only a long silence is a report that is missing.
    if (coversFrom > startMs + SPREAD_MS && timeMs - startMs > DELAY_MAX * cadenceMs) broken.add(i);
  });
  return broken;
}
