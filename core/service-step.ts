/** How one service did over a step of event time: one SERVER or CONSUMER span per request. */
export interface ServiceStep {
  readonly startMs: number;
  readonly requests: number;
  readonly errors: number;
  /** Bins of core/log-bin.ts, in microseconds. */
  readonly durationBins: ReadonlyMap<number, number>;
}
