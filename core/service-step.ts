/**
 * How one service did over a step of event time, in whole numbers: steps of any split add up to the same. What they
 * stand for: core/adjusted-step.ts.
 */
export interface ServiceStep {
  readonly startMs: number;
  /** One entry per weight, in any order. */
  readonly byWeight: readonly WeighedSpans[];
}

/** SERVER and CONSUMER spans as they arrived, one per request, that all stand for as many requests. */
export interface WeighedSpans {
  /** Requests that each stands for; null is unknown, and never 1. */
  readonly weight: number | null;
  readonly spans: number;
  readonly errors: number;
  /** Bins of core/log-bin.ts, in microseconds. */
  readonly durationBins: ReadonlyMap<number, number>;
}
