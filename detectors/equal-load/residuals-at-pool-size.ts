import { medianOf } from '../statistics/median-of.ts';
import { loadBinsOf, NO_BIN } from './load-bin.ts';
import type { AcceptedPeriod } from './system-view.ts';

/** Cells are narrower than bins of load alone, so fewer minutes must do. */
const CELL_MINUTES_MIN = 30;
/** More replicas than any pool has: keys of load and pool size do not meet. */
const REPLICAS_KEY = 65_536;

/**
 * By how much a metric is off its reference at equal load *and* equal number of replicas: ln(value) - ln(reference)
 * a minute. An autoscaler that holds one replica more or less at the same load moves queueing by several per cent;
 * that is not the service itself getting slower. Replicas are a mediator of what an optimiser does, so this is the
 * yardstick of own speed, and no replacement for equal load alone.
 * @returns NaN where load and pool size were not seen together in the accepted period, or something is not known
 */
export function residualsAtPoolSize(
  of: { readonly requests: Float64Array; readonly replicas: Float64Array; readonly values: Float64Array },
  period: AcceptedPeriod,
): Float64Array {
  const { requests, replicas, values } = of;
  const bins = loadBinsOf(requests);
  const keyAt = (minute: number): number => {
    const bin = bins[minute] as number;
    const size = Math.round(replicas[minute] as number);
    return bin === NO_BIN || !(size >= 0) || !((values[minute] as number) > 0)
      ? -1
      : bin * REPLICAS_KEY + size;
  };
  const cells = new Map<number, number[]>();
  for (let minute = period.fromMinute; minute < Math.min(period.untilMinute, values.length); minute++) {
    const key = keyAt(minute);
    if (key < 0) continue;
    const logs = cells.get(key);
    if (logs === undefined) cells.set(key, [Math.log(values[minute] as number)]);
    else logs.push(Math.log(values[minute] as number));
  }
  const medians = new Map<number, number>();
  for (const [key, logs] of cells) if (logs.length >= CELL_MINUTES_MIN) medians.set(key, medianOf(logs));
  const residuals = new Float64Array(values.length);
  for (let minute = 0; minute < values.length; minute++) {
    const median = medians.get(keyAt(minute));
    residuals[minute] = median === undefined ? Number.NaN : Math.log(values[minute] as number) - median;
  }
  return residuals;
}
