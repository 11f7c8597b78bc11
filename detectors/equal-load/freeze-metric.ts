import { medianOf } from '../statistics/median-of.ts';
import { loadBinsOf, NO_BIN } from './load-bin.ts';

/** Fewer minutes tell nothing about how a service does at a load. */
export const BIN_MINUTES_MIN = 60;

/** How one metric did at one load. */
interface BinReference {
  readonly logMedian: number;
  /** Median absolute deviation of the logarithm. */
  readonly logMad: number;
  readonly minutes: number;
}

/** How one metric of one service did in the accepted period, by load bin; bins of too few minutes are not in it. */
export type MetricReference = ReadonlyMap<number, BinReference>;

/**
 * What was normal, as accepted by people: never learned on.
 * @param requests per minute
 * @param values positive; zero, negative and NaN are left out
 * @param period minutes [from, until)
 */
export function freezeMetric(
  requests: Float64Array,
  values: Float64Array,
  period: { readonly fromMinute: number; readonly untilMinute: number },
): MetricReference {
  const bins = loadBinsOf(requests);
  const byBin = new Map<number, number[]>();
  for (let minute = period.fromMinute; minute < Math.min(period.untilMinute, values.length); minute++) {
    const value = values[minute] as number;
    const bin = bins[minute] as number;
    if (bin === NO_BIN || !(value > 0)) continue;
    const logs = byBin.get(bin);
    if (logs === undefined) byBin.set(bin, [Math.log(value)]);
    else logs.push(Math.log(value));
  }
  const reference = new Map<number, BinReference>();
  for (const [bin, logs] of byBin) {
    if (logs.length < BIN_MINUTES_MIN) continue;
    const logMedian = medianOf(logs);
    const logMad = medianOf(logs.map((log) => Math.abs(log - logMedian)));
    reference.set(bin, { logMedian, logMad, minutes: logs.length });
  }
  return reference;
}
