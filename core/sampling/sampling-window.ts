import type { Source } from '../source.ts';

/** What says how many spans of the population one span stands for. */
export const WEIGHT_KINDS = ['threshold', 'power', 'attribute', 'none', 'invalid'] as const;
export type WeightKind = (typeof WEIGHT_KINDS)[number];

/**
 * Bounds of duration in milliseconds, as the semantic conventions advise for `http.server.request.duration` and
 * `rpc.server.*`, so that classes of slow spans match the buckets of an independent counter exactly.
 */
export const DURATION_BOUNDS_MS = [
  5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000,
] as const;

/** Bins of U = (R - T) / (2^56 - T) in [0, 1). */
export const OFFSET_BINS = 64;

/**
 * Sampling state of one service's spans that ended in one window and carry one weight; whole numbers only, so tallies
 * of disjoint windows and instances add. Spans are counted once, whatever arrived twice. The unit of counting is the
 * local root (no parent, a remote parent, or kind SERVER or CONSUMER): one per request.
 * @see sampling.md 6.4
 */
export interface SamplingWindow {
  /** Instance ''. */
  readonly source: Source;
  readonly startMs: number;
  readonly endMs: number;
  readonly weightKind: WeightKind;
  /**
   * threshold: 14 hex digits, `power`: P in decimal, attribute: `name=weight`, invalid: the error of the vectors; else ''.
   */
  readonly weightKey: string;
  /** Distinct local roots of the subset of traces. */
  readonly roots: number;
  /** The subset: one in so many traces, by a hash of the trace id that is not its randomness; 1 = all. */
  readonly oneIn: number;
  /** sum(m^2) over the traces of the subset, of m local roots each: `rootPairs / roots` is the design effect. */
  readonly rootPairs: number;
  /** Local roots that arrived more than once, copies beyond the first. */
  readonly copies: number;
  readonly errors: number;
  /** Local roots by duration: up to and including each bound of DURATION_BOUNDS_MS, then all above; not cumulative. */
  readonly byDuration: readonly number[];
  /** Of the first local root of each trace, threshold only and R >= T: counts by bin of U. */
  readonly offsetBins: readonly number[];
  /** The same by class, to see whether U depends on it. */
  readonly errorOffsetBins: readonly number[];
  /** Smallest and largest U; null where there is none. */
  readonly offsetMin: number | null;
  readonly offsetMax: number | null;
  /** Of all spans with a threshold: R < T. */
  readonly violations: number;
  readonly thresholdSpans: number;
  readonly exampleTraceId: string;
}

/** Distinct trace ids that a service's local roots of one window carried; sums and extremes, so windows merge. */
export interface TraceIdWindow {
  readonly source: Source;
  readonly startMs: number;
  readonly endMs: number;
  readonly traces: number;
  /** Of these with an explicit `rv`: their ids need not be random. */
  readonly withRandomness: number;
  /** Ones in each of the low 40 bits, least significant first. */
  readonly ones: readonly number[];
  /** Sums for the correlation of R (its top 16 bits) with the start in whole seconds since `startMs`. */
  readonly timeSum: number;
  readonly timeSquares: number;
  readonly randomSum: number;
  readonly randomSquares: number;
  readonly products: number;
  /** Largest u of each family of old samplers, in [0, 1): what the fingerprint rests on. */
  readonly familyMax: Readonly<Record<SamplerFamily, number>>;
  /** Of traces whose spans carry no weight: the same, and how many. */
  readonly unweighted: {
    readonly traces: number;
    readonly familyMax: Readonly<Record<SamplerFamily, number>>;
  };
}

/** Old ratio samplers by what of the trace id they compare (sampling.md section 4, 1). */
export const SAMPLER_FAMILIES = ['low64', 'signed-low64', 'first8', 'xor32', 'datadog'] as const;
export type SamplerFamily = (typeof SAMPLER_FAMILIES)[number];

/** Remote calls by who calls whom, children of one window; sums. */
export interface SamplingEdgeWindow {
  readonly child: Source;
  readonly parentNamespace: string;
  /** '' where the parent was not found: then `missing` counts and the rest is 0. */
  readonly parentName: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly children: number;
  /** Children with, parents without a threshold: laundering. */
  readonly gained: number;
  /** The reverse: weight lost. */
  readonly lost: number;
  /** Both with an explicit `rv`, and different. */
  readonly randomnessConflicts: number;
  /** Smallest threshold of parents that were found, 14 hex digits, '' where none has one. */
  readonly parentThresholdMin: string;
  /** Of children without their parent, by R in 64 bins, so that those with R >= the usual threshold can be told. */
  readonly missingByRandomness: readonly number[];
  readonly childrenByRandomness: readonly number[];
  readonly exampleTraceId: string;
}

/** What an independent counter says of the population of one service in one window. */
export interface PopulationWindow {
  readonly source: Source;
  readonly counter: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly requests: number;
  /** Null where the counter does not tell. */
  readonly errors: number | null;
  /** Of DURATION_BOUNDS_MS, as in SamplingWindow; null where the counter has other bounds or none. */
  readonly byDuration: readonly number[] | null;
  /** Spans that the SDK's sampler kept (`otel.sdk.span.started` of RECORD_AND_SAMPLE); null without it. */
  readonly sdkSampled: number | null;
}
