import type { AlignedWindow } from '../../../core/sampling/aligned-window.ts';
import { COUNT, type CounterCell, type CounterCurve } from './counter-curve.ts';
import { type CurvePoint, curveAt } from './curve-at.ts';
import type { Population } from './population.ts';

export interface WindowRow {
  /** Width of the buckets by which the sampled side is counted: every border is one of theirs. */
  readonly bucketMs: number;
  readonly fromMs: number;
  /** The sampled side is settled until here. */
  readonly untilMs: number;
  /**
   * Length of a window, a multiple of `bucketMs`, and best of the usual 60 s between readings: then all borders lie
   * alike between two readings, and what repeats with them (jobs at the full minute) errs alike and cancels.
   */
  readonly stepMs: number;
}

/**
 * The population in a row of windows, one after the other, whose borders are those of the sampled side's buckets; up to
 * one step before the newest known moment, they lie where least is in doubt: next to readings.
 * @returns empty where no two borders are known; a row ends at the newest reading that all live processes have made,
 *   and begins anew behind a restart
 */
export function alignPopulation(population: Population, row: WindowRow): AlignedWindow[] {
  const borders = bordersOf(population, row);
  return borders.slice(1).flatMap((endMs, i) => {
    const startMs = borders[i] as number;
    const window = endMs - startMs > row.stepMs ? null : alignWindow(population, { startMs, endMs });
    return window === null ? [] : [window];
  });
}

/** The population in one window; null where a counter does not tell it. */
export function alignWindow(
  population: Population,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): AlignedWindow | null {
  if (endMs <= startMs || endMs > knownUntilMs(population.curves)) return null;
  const pairs = population.curves.map((curve) => ({
    curve,
    start: curveAt(curve, startMs),
    end: curveAt(curve, endMs),
  }));
  if (pairs.length === 0 || pairs.some(isUnknown)) return null;
  const known = pairs as readonly { start: CurvePoint; end: CurvePoint; curve: CounterCurve }[];
  const between = (place: number) =>
    Math.round(sum(known.map(({ end }) => end.counts[place] as number))) -
    Math.round(sum(known.map(({ start }) => start.counts[place] as number)));
  const variances = known.map((pair) => variancesOf(pair));
  const live = population.live;
  const skewOf = (edge: 'start' | 'end') => sum(known.map((pair) => pair[edge].skew)) ** 2;
  const durations = DURATION_PLACES.map((place) => between(place));
  return {
    source: population.source,
    counter: population.counter,
    unit: population.unit,
    startMs,
    endMs,
    requests: between(COUNT.all),
    errors: population.tellsErrors ? between(COUNT.errors) : null,
    byDuration: population.tellsDurations ? durations : null,
    sdkSampled: population.tellsSampled ? between(COUNT.sampled) : null,
    startVariance: sum(variances.map(({ start }) => start)) + skewOf('start') + live,
    endVariance: sum(variances.map(({ end }) => end)) + skewOf('end') + live,
  };
}

/**
 * Windows that follow each other, as one.
 * @throws RangeError where there is none, or a gap between two
 */
export function mergeAligned(windows: readonly AlignedWindow[]): AlignedWindow {
  const [first, last] = [windows[0], windows.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError('mergeAligned needs a window');
  const gap = windows.findIndex((one, i) => i > 0 && one.startMs !== windows[i - 1]?.endMs);
  if (gap !== -1) throw new RangeError(`mergeAligned: window ${gap} does not begin where the last one ends`);
  return {
    ...first,
    endMs: last.endMs,
    endVariance: last.endVariance,
    requests: sum(windows.map(({ requests }) => requests)),
    errors: sumKnown(windows.map(({ errors }) => errors)),
    sdkSampled: sumKnown(windows.map(({ sdkSampled }) => sdkSampled)),
    byDuration:
      first.byDuration?.map((_, i) => sum(windows.map(({ byDuration }) => byDuration?.[i] ?? 0))) ?? null,
  };
}

const DURATION_PLACES = Array.from({ length: 15 }, (_, i) => COUNT.durations + i);

function isUnknown(of: { start: CurvePoint | null; end: CurvePoint | null; curve: CounterCurve }): boolean {
  const { start, end, curve } = of;
  if (start === null || end === null) return true;
  const from = start.fraction === 1 ? start.cell + 1 : Math.max(0, start.cell);
  return curve.cells.slice(from, end.cell + 1).some(({ isBroken }) => isBroken);
}

/** Two moments between the same two readings err together: what lies between them is one share of the cell. */
function variancesOf(of: { start: CurvePoint; end: CurvePoint; curve: CounterCurve }): {
  start: number;
  end: number;
} {
  const { start, end, curve } = of;
  const cell = curve.cells[end.cell];
  if (cell === undefined || start.cell !== end.cell) return { start: start.variance, end: end.variance };
  const share = end.fraction - start.fraction;
  const half = ((cell.counts[COUNT.all] as number) * share * (1 - share)) / 2;
  return { start: half, end: half };
}

/** The newest reading that every process has made which is not silent for long: two readings and a half. */
function knownUntilMs(curves: readonly CounterCurve[]): number {
  const ends = curves.map(({ cells, cadenceMs }) => ({
    endMs: (cells.at(-1) as CounterCell).endMs,
    cadenceMs,
  }));
  const newest = Math.max(...ends.map(({ endMs }) => endMs));
  return Math.min(newest, ...ends.filter((one) => !isOver(one, newest)).map(({ endMs }) => endMs));
}

const SILENT_READINGS = 2.5;

function isOver(of: { endMs: number; cadenceMs: number }, newestMs: number): boolean {
  return newestMs - of.endMs > SILENT_READINGS * of.cadenceMs;
}

function bordersOf(population: Population, { bucketMs, fromMs, untilMs, stepMs }: WindowRow): number[] {
  const knownMs = Math.min(untilMs, knownUntilMs(population.curves));
  const lastMs = Math.floor(knownMs / bucketMs) * bucketMs;
  let best: { borders: number[]; doubt: number } = { borders: [], doubt: Number.POSITIVE_INFINITY };
  for (let endMs = lastMs; endMs > lastMs - stepMs; endMs -= bucketMs) {
    const row = rowUntil(population.curves, { fromMs, endMs, stepMs });
    if (row.borders.length > 1 && row.doubt < best.doubt) best = row;
  }
  return best.borders;
}

/** Borders a step apart, oldest first, and the mean of what is in doubt at them. */
function rowUntil(
  curves: readonly CounterCurve[],
  { fromMs, endMs, stepMs }: { readonly fromMs: number; readonly endMs: number; readonly stepMs: number },
): { borders: number[]; doubt: number } {
  const known: { timeMs: number; doubt: number }[] = [];
  for (let timeMs = endMs; timeMs >= fromMs; timeMs -= stepMs) {
    const doubt = doubtAt(curves, timeMs);
    if (doubt !== null) known.unshift({ timeMs, doubt });
  }
  return {
    borders: known.map(({ timeMs }) => timeMs),
    doubt: sum(known.map(({ doubt }) => doubt)) / known.length,
  };
}

function doubtAt(curves: readonly CounterCurve[], timeMs: number): number | null {
  let [variance, skew] = [0, 0];
  for (const curve of curves) {
    const point = curveAt(curve, timeMs);
    if (point === null) return null;
    variance += point.variance;
    skew += point.skew;
  }
  return variance + skew ** 2;
}

function sumKnown(counts: readonly (number | null)[]): number | null {
  const known = counts.filter((count) => count !== null);
  return known.length === counts.length ? sum(known) : null;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
