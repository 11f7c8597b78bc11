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
   * threshold: hex digits as sent or padded, `power`: P in decimal, attribute: `name=weight`, invalid: the error of the
   * vectors; else ''. Of spans with R < T too.
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
  /**
   * Of these, traces whose R has 14 bits (`latticeCell`): U is the lower end of their cell of 2^-14, so they are in
   * the bins, and in `offsetMin`, by that; in `offsetMax` by the upper end.
   */
  readonly onLattice: number;
  /** Smallest and largest U; null where there is none. */
  readonly offsetMin: number | null;
  readonly offsetMax: number | null;
  /** Of all spans with a threshold whose R is known: R < T. */
  readonly violations: number;
  readonly thresholdSpans: number;
  /** Copies beyond the first of spans that arrived first with a threshold, and those of them with another one. */
  readonly thresholdCopies: number;
  readonly relabelled: number;
  /** A trace with such a copy; '' where there is none. */
  readonly relabelledTraceId: string;
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
  /**
   * Sums for the correlation of place with time, over `timed` traces. Time: whole seconds since `startMs`. Place, whole
   * units of 2^-16: the id's low 56 bits as a fraction; U where a threshold was held against them (no `rv`, R >= T), for
   * where the declared rate moves with time, R legally moves with it. Traces with R < T are not timed.
   */
  readonly timed: number;
  readonly timeSum: number;
  readonly timeSquares: number;
  readonly placeSum: number;
  readonly placeSquares: number;
  readonly products: number;
  /** What the fingerprint rests on, of all traces, and of those whose spans carry no weight. */
  readonly families: FamilyExtremes;
  readonly unweighted: { readonly traces: number; readonly families: FamilyExtremes };
}

/**
 * Smallest and largest u of each family of old samplers, in [0, 1); null where there is no trace. A sampler keeps all
 * below its rate, so its smallest is near 0; an id with a fixed prefix (a date, a version) has both in one place.
 */
export type FamilyExtremes = Readonly<
  Record<SamplerFamily, { readonly min: number; readonly max: number } | null>
>;

/** Old ratio samplers by what of the trace id they compare (sampling.md section 4, 1). */
export const SAMPLER_FAMILIES = ['low64', 'signed-low64', 'first8', 'xor32', 'datadog'] as const;
export type SamplerFamily = (typeof SAMPLER_FAMILIES)[number];

/**
 * Bins of rarity 1 - R, R in [0, 1), in quarter octaves: bin i holds 2^(-(i+1)/4) < 1 - R <= 2^(-i/4), the last all
 * that is rarer. A parent that samples with probability p keeps every trace of rarity <= p. (Equal bins of R cannot
 * tell anything of parents below 1/64.) As SQL: least(63, floor(-4 * log2(1 - R))).
 */
export const RARITY_BINS = 64;

/**
 * Calls by who calls whom: distinct local roots of the child with a parent span id, of one window; sums. One row per
 * parent service, and one with `parentName` '' for children whose parent was not received.
 */
export interface SamplingEdgeWindow {
  readonly child: Source;
  readonly parentNamespace: string;
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
  /** Largest threshold of the parents, 14 hex digits, '' where none has one: children above it cannot lose them legally. */
  readonly parentThresholdMax: string;
  /** The children by rarity; those whose R is unknown are in no bin. */
  readonly childrenByRarity: readonly number[];
  readonly exampleTraceId: string;
}

/**
 * Distinct traces that log records, or exemplars of metrics, of one service and window name; sums. Those that were
 * sampled, by what names them, are told by rarity (R of the trace id), as children are.
 */
export interface MentionWindow {
  /** The traces of the service that names them. */
  readonly source: Source;
  readonly startMs: number;
  readonly endMs: number;
  readonly mentionedBy: 'log' | 'exemplar';
  /** Of records without the sampled flag; no exemplar has one. */
  readonly unsampled: number;
  /** A span of the trace is here. */
  readonly found: readonly number[];
  readonly missing: readonly number[];
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
