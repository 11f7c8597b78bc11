import type { ServiceStep, WeighedSpans } from './service-step.ts';

/** Above this share of spans of unknown weight no count is known (sampling.md c9); below, they are left out. */
const UNKNOWN_RATIO_MAX = 0.01;

export type KnownSpans = WeighedSpans & { readonly weight: number };

/** A step as counts of requests; where weights are not known, as counts of the spans that arrived. */
export interface AdjustedStep {
  readonly startMs: number;
  /** Adjusted count, in general not whole; null where weights are not known. */
  readonly requests: number | null;
  /** What the counts below are out of: `requests`, or else the spans as received, whose shares may be the sampler's. */
  readonly count: number;
  readonly errors: number;
  readonly durationBins: ReadonlyMap<number, number>;
  /** Kish: as many requests, each seen by itself, would tell as much; (sum w)^2 / sum w^2. */
  readonly effectiveSamples: number;
  /** Spans that arrived, and the share of them whose weight is unknown. */
  readonly spans: number;
  readonly unknownRatio: number;
  /** What the counts are made of, by weight, the lightest first; of spans as received, one of weight 1. */
  readonly byWeight: readonly KnownSpans[];
}

/** Pure, and the same bits for every order of the step's weights. */
export function adjustedStep({ startMs, byWeight }: ServiceStep): AdjustedStep {
  const spans = sum(byWeight, (one) => one.spans);
  const unknown = sum(byWeight, (one) => (one.weight === null ? one.spans : 0));
  const unknownRatio = spans === 0 ? 0 : unknown / spans;
  const isKnown = unknownRatio <= UNKNOWN_RATIO_MAX;
  const counted = isKnown ? byWeight.filter(hasWeight) : byWeight.map((one) => ({ ...one, weight: 1 }));
  const sorted = mergeByWeight(counted);
  const count = sum(sorted, (one) => one.weight * one.spans);
  const squares = sum(sorted, (one) => one.weight ** 2 * one.spans);
  return {
    startMs,
    requests: isKnown ? count : null,
    count,
    errors: sum(sorted, (one) => one.weight * one.errors),
    durationBins: adjustedBins(sorted),
    effectiveSamples: squares === 0 ? 0 : count ** 2 / squares,
    spans,
    unknownRatio,
    byWeight: sorted,
  };
}

/** Adds up what has the same weight, in whole numbers; the lightest first, the unknown last. */
export function mergeByWeight<T extends WeighedSpans>(spans: readonly T[]): T[] {
  const groups = [...Map.groupBy(spans, ({ weight }) => weight)];
  return groups
    .sort(([a], [b]) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY))
    .map(([, group]) => group.reduce(addSpans));
}

function addSpans<T extends WeighedSpans>(left: T, right: T): T {
  const durationBins = new Map(left.durationBins);
  for (const [bin, n] of right.durationBins) durationBins.set(bin, (durationBins.get(bin) ?? 0) + n);
  return { ...left, spans: left.spans + right.spans, errors: left.errors + right.errors, durationBins };
}

function adjustedBins(spans: readonly KnownSpans[]): Map<number, number> {
  const bins = new Map<number, number>();
  for (const { weight, durationBins } of spans) {
    for (const [bin, n] of durationBins) bins.set(bin, (bins.get(bin) ?? 0) + weight * n);
  }
  return bins;
}

function hasWeight(spans: WeighedSpans): spans is KnownSpans {
  return spans.weight !== null;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
