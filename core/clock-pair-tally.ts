/**
 * Calls from one clock to another. With each of `pairs`, child clock minus parent clock lies between the difference
 * of their ends and that of their starts. Tallies of one pair of clocks merge: counts add, extremes stay extremes.
 */
export interface ClockPairTally {
  readonly tenant: string;
  /** A host, or an instance whose host is not known. */
  readonly parentClock: string;
  readonly childClock: string;
  readonly pairs: number;
  /** Children that took longer than their parent, left out. */
  readonly outlived: number;
  readonly endDiffMsMax: number;
  readonly startDiffMsMin: number;
  /** Bins of core/clock-bin.ts, ms. */
  readonly endDiffBins: ReadonlyMap<number, number>;
  readonly startDiffBins: ReadonlyMap<number, number>;
  readonly exampleTraceId: string;
}
