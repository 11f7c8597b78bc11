import { medianInPlace } from '../statistics/median-of.ts';
import { loadCells } from './cells.ts';
import { eachCell, logsOf } from './frozen-cells.ts';

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
  const reference = new Map<number, BinReference>();
  eachCell(logsOf(values), loadCells(requests), { ...period, minutesMin: BIN_MINUTES_MIN }, (bin, logs) => {
    const logMedian = medianInPlace(logs);
    const logMad = medianInPlace(logs.map((log) => Math.abs(log - logMedian)));
    reference.set(bin, { logMedian, logMad, minutes: logs.length });
  });
  return reference;
}
