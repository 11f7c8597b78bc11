import { logsOf } from '../../equal-load/frozen-cells.ts';
import type { SystemView } from '../../equal-load/system-view.ts';
import { COVERAGE_MIN, windowMean } from '../../equal-load/window-mean.ts';

/** A metric that somebody wants small, or large, as its change from the accepted period. */
export interface Signal {
  readonly metric: string;
  /** ln(now / reference) at equal load a minute, or points where `unit` says so; above 0 is worse. NaN is not known. */
  readonly worse: Float64Array;
  readonly unit: 'log' | 'points';
  /** Which way is better; `worse` has its sign turned where more is. */
  readonly wants: 'less' | 'more';
  /** A change of less than this is of no interest. */
  readonly least: number;
}

/** @returns null: the accepted minutes are gone, and nobody kept what they said of it */
export function signalAtEqualLoad(
  view: SystemView,
  metric: string,
  least: number,
  of: {
    readonly requests: Float64Array;
    readonly values: Float64Array;
    /** Of whom it is. */
    readonly subject: string;
    readonly wants?: 'less' | 'more';
  },
): Signal | null {
  const residuals = view.residualsAtLoad(`signal ${metric} of ${of.subject}`, of.requests, logsOf(of.values));
  if (residuals === null) return null;
  const wants = of.wants ?? 'less';
  return {
    metric,
    worse: wants === 'more' ? residuals.map((r) => -r) : residuals,
    unit: 'log',
    wants,
    least,
  };
}

/** A minute each of the ratio of two series; NaN where there is nothing to divide by. */
export function ratioOf(above: Float64Array, below: Float64Array): Float64Array {
  return above.map((value, i) => ((below[i] as number) > 0 ? value / (below[i] as number) : Number.NaN));
}

/** Mean change over [from, until); null where less than half of it is known. */
export function changeOf(
  worse: Float64Array,
  window: { readonly from: number; readonly until: number },
): number | null {
  const { mean, coverageRatio } = windowMean(worse, window.from, window.until);
  return coverageRatio < COVERAGE_MIN ? null : mean;
}
