import { medianInPlace } from '../statistics/median-of.ts';
import { type Cells, NO_CELL } from './cells.ts';

/** What was normal in each cell, as [key, median of the logarithm]; cells of too few minutes are not in it. */
export type FrozenCells = readonly (readonly [number, number])[];

const logs = new WeakMap<Float64Array, Float64Array>();

/**
 * Natural logarithms of what is above zero; NaN of the rest, and of what is not known. Of one array they are computed
 * once: they are half of what a residual costs.
 */
export function logsOf(values: Float64Array): Float64Array {
  let known = logs.get(values);
  if (known === undefined) {
    known = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      known[i] = value > 0 ? Math.log(value) : Number.NaN;
    }
    logs.set(values, known);
  }
  return known;
}

/**
 * The known values of minutes [from, until) by cell, for cells of so many at least. What is called with them may put
 * them into another order.
 */
export function eachCell(
  logs: Float64Array,
  { ids, keys }: Cells,
  of: { readonly fromMinute: number; readonly untilMinute: number; readonly minutesMin: number },
  use: (key: number, logs: Float64Array) => void,
): void {
  const until = Math.min(of.untilMinute, logs.length);
  const ends = new Uint32Array(keys.length);
  for (let minute = of.fromMinute; minute < until; minute++) {
    const id = ids[minute] as number;
    if (id !== NO_CELL && !Number.isNaN(logs[minute])) ends[id] = (ends[id] as number) + 1;
  }
  let total = 0;
  for (let id = 0; id < ends.length; id++) {
    const size = ends[id] as number;
    ends[id] = total;
    total += size;
  }
  const sorted = new Float64Array(total);
  for (let minute = of.fromMinute; minute < until; minute++) {
    const id = ids[minute] as number;
    if (id === NO_CELL || Number.isNaN(logs[minute])) continue;
    const at = ends[id] as number;
    sorted[at] = logs[minute] as number;
    ends[id] = at + 1;
  }
  for (let id = 0; id < ends.length; id++) {
    const from = id === 0 ? 0 : (ends[id - 1] as number);
    const end = ends[id] as number;
    if (end - from >= of.minutesMin) use(keys[id] as number, sorted.subarray(from, end));
  }
}

/** What was normal in each cell over minutes [from, until): never learned on. */
export function freezeCells(
  logs: Float64Array,
  cells: Cells,
  of: { readonly fromMinute: number; readonly untilMinute: number; readonly minutesMin: number },
): FrozenCells {
  const frozen: [number, number][] = [];
  eachCell(logs, cells, of, (key, own) => frozen.push([key, medianInPlace(own)]));
  return frozen;
}

/**
 * By how much a metric is off what was normal in its cell, minute by minute: ln(value) - ln(reference). NaN where the
 * cell was not seen for long enough, or the value is not known: that is *cannot say*, not *fine*.
 */
export function offCells(logs: Float64Array, { ids, keys }: Cells, frozen: FrozenCells): Float64Array {
  const byKey = new Map(frozen);
  const medians = Float64Array.from(keys, (key) => byKey.get(key) ?? Number.NaN);
  const residuals = new Float64Array(logs.length);
  for (let minute = 0; minute < residuals.length; minute++) {
    const id = ids[minute] as number;
    residuals[minute] = id === NO_CELL ? Number.NaN : (logs[minute] as number) - (medians[id] as number);
  }
  return residuals;
}
