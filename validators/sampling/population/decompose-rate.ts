import type { Interval } from '../../../core/interval.ts';

/** What went wrong between the sampler and us. */
export type RateCause = 'none' | 'rate' | 'loss' | 'both' | 'copies' | 'downstream';

export interface RateParts {
  /** Y / N: what the spans claim to stand for, of what there was. */
  readonly ratio: number;
  /** a / c: share that the SDK's sampler kept, of the share its spans declare; 1 where the declaration is true. */
  readonly rate: Interval;
  /** b: spans received of spans that the sampler kept; 1 where none is lost. */
  readonly delivery: Interval;
  /** What stands beyond doubt and tolerance. */
  readonly cause: RateCause;
}

export interface RateEvidence {
  /** N: all that the SDK started. */
  readonly started: number;
  /** Of these, kept by its sampler. */
  readonly sampled: number;
  /** n: distinct ones that arrived. */
  readonly received: number;
  /** Y: the sum of their weights. */
  readonly weighted: number;
  /** Variance of `started` that the edges of the window add, both together. */
  readonly edgeVariance: number;
  /** sum(m^2) / sum(m) over traces of m spans each. */
  readonly designEffect: number;
  /** Share by which each part may be off for reasons that are no fault. */
  readonly tolerance: number;
  /** Standard deviations that are beyond doubt. */
  readonly z: number;
}

/**
 * Y / N = a b / c, with a = sampled / started, b = received / sampled, c = received / weighted, the declared rate: tells a
 * wrong rate from lost spans. Of a true declaration `sampled` is binomial, with variance N c (1 - c) times the design
 * effect; both counters are cut alike at the edges, so a is not touched by them. b is: what the edges leave open of
 * the spans started, thinned at the rate they are kept. Where the SDK keeps more than its spans declare and fewer
 * arrive, something between samples again and says so in the weights: neither part is then a fault.
 * @throws RangeError when nothing was started, kept or received: there is no rate of nothing
 * @see sampling.md section 5, c3
 */
export function decomposeRate(evidence: RateEvidence): RateParts {
  const { started, sampled, received, weighted } = evidence;
  if (!(started > 0) || !(sampled > 0) || !(received > 0) || !(weighted > 0)) {
    throw new RangeError(
      `decomposeRate needs counts above 0, got started=${started} sampled=${sampled} received=${received} weighted=${weighted}`,
    );
  }
  const kept = sampled / started;
  const declared = received / weighted;
  const expected = declared * started;
  const deviation = Math.sqrt(Math.max(0, expected * (1 - declared)) * evidence.designEffect);
  const rate = around(kept / declared, (evidence.z * deviation) / expected);
  const torn = Math.sqrt(kept * evidence.edgeVariance);
  const delivery = around(received / sampled, (evidence.z * torn) / sampled);
  return {
    ratio: weighted / started,
    rate,
    delivery,
    cause: causeOf({ rate, delivery }, evidence.tolerance),
  };
}

function causeOf(
  { rate, delivery }: { readonly rate: Interval; readonly delivery: Interval },
  tolerance: number,
): RateCause {
  const isBelow = (one: Interval) => one.upper < 1 - tolerance;
  const isAbove = (one: Interval) => one.lower > 1 + tolerance;
  if (isAbove(rate) && isBelow(delivery)) return 'downstream';
  if (isBelow(delivery)) return isBelow(rate) ? 'both' : 'loss';
  if (isBelow(rate) || isAbove(rate)) return 'rate';
  return isAbove(delivery) ? 'copies' : 'none';
}

function around(estimate: number, half: number): Interval {
  return { estimate, lower: Math.max(0, estimate - half), upper: estimate + half };
}
