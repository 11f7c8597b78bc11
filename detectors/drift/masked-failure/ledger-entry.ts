import { EDGE_STEP_MINUTES } from '../../../core/system-history.ts';
import type { MaskKind } from './mask-kind.ts';

/** Entries are kept in steps of edges: minutes of services are summed into them. */
export const STEP_MINUTES = EDGE_STEP_MINUTES;
export const STEPS_PER_HOUR = 60 / STEP_MINUTES;

/** One way in which failures of one thing are hidden, over time. */
export interface LedgerEntry {
  readonly mask: MaskKind;
  /** A service, or an edge `a->b`. */
  readonly where: string;
  /** The services it concerns: the one, or caller and callee. */
  readonly services: readonly string[];
  /** A library of the caller tells it: what callers saw may tell the same mask of the same edge otherwise. */
  readonly toldByLibrary?: true;
  /** Hidden in each step; NaN is not known. */
  readonly masked: Float64Array;
  /** Out of so many: calls, requests, minutes. NaN where `masked` is. */
  readonly outOf: Float64Array;
}

/** Tells it from all others. */
export function nameOf({ mask, where, toldByLibrary }: LedgerEntry): string {
  return `${mask} of ${where}${toldByLibrary ? ' by its library' : ''}`;
}

/** Sums before each step, so that any window costs two looks. */
export interface RunningSums {
  readonly masked: Float64Array;
  readonly outOf: Float64Array;
  /** Steps that are known. */
  readonly known: Float64Array;
}

export function runningSums({ masked, outOf }: LedgerEntry): RunningSums {
  const steps = masked.length;
  const sums = {
    masked: new Float64Array(steps + 1),
    outOf: new Float64Array(steps + 1),
    known: new Float64Array(steps + 1),
  };
  let [hidden, all, known] = [0, 0, 0];
  for (let step = 0; step < steps; step++) {
    const [m, n] = [masked[step] as number, outOf[step] as number];
    if (!Number.isNaN(m + n)) {
      hidden += m;
      all += n;
      known++;
    }
    sums.masked[step + 1] = hidden;
    sums.outOf[step + 1] = all;
    sums.known[step + 1] = known;
  }
  return sums;
}

export interface WindowCount {
  readonly masked: number;
  readonly outOf: number;
  /** Share of the window's steps. */
  readonly knownRatio: number;
}

/** Steps [from, until) of it. */
export function countWindow(sums: RunningSums, from: number, until: number): WindowCount {
  const of = (values: Float64Array) => (values[until] as number) - (values[from] as number);
  return {
    masked: of(sums.masked),
    outOf: of(sums.outOf),
    knownRatio: of(sums.known) / Math.max(1, until - from),
  };
}
