import { gammaln } from 'simple-statistics';

/** So many of `trials` were kept; neither need be whole, after a design effect. */
export interface Kept {
  readonly kept: number;
  readonly trials: number;
}

/** Strength of the belief that a rate after a change is near the rate before it: a standard error of c trials. */
const CONCENTRATION = 100;
const JEFFREYS = 0.5;

/**
 * log of the e-value against "the rate is the same before and after, to `tolerance`": beta-binomial of what came before
 * times beta-binomial of what came after, whose prior lies around the rate before, over the likelihood that the best
 * rates of that kind give. For any true rate the numerator is the probability of another law and the denominator at
 * least that of the true one, so its mean is at most 1 at every look (Ville). The declared rate is not used: a rate
 * that is wrong and steady is c3's.
 * @see sampling.md section 5, c8; Wasserman, Ramdas and Balakrishnan 2020, doi:10.1073/pnas.1922664117
 */
export function logRateChange(before: Kept, after: Kept, tolerance: number): number {
  const rate = (before.kept + JEFFREYS) / (before.trials + 2 * JEFFREYS);
  const taken =
    logBetaBinomial(before, JEFFREYS, JEFFREYS) +
    logBetaBinomial(after, CONCENTRATION * rate + JEFFREYS, CONCENTRATION * (1 - rate) + JEFFREYS);
  return taken - logLikelihoodSteady(before, after, tolerance);
}

function logBetaBinomial({ kept, trials }: Kept, a: number, b: number): number {
  return logBeta(a + kept, b + trials - kept) - logBeta(a, b);
}

function logBeta(a: number, b: number): number {
  return gammaln(a) + gammaln(b) - gammaln(a + b);
}

/** Of the best pair of rates with after / before within 1 / (1 + tolerance) and 1 + tolerance. */
function logLikelihoodSteady(before: Kept, after: Kept, tolerance: number): number {
  const first = before.trials === 0 ? 0 : before.kept / before.trials;
  const second = after.trials === 0 ? 0 : after.kept / after.trials;
  const reach = 1 + tolerance;
  if (second <= first * reach && first <= second * reach) {
    return logLikelihood(before, first) + logLikelihood(after, second);
  }
  // The best is on the edge nearest to what was seen; the sum is concave in the rate.
  const factor = second > first ? reach : 1 / reach;
  const value = (rate: number) =>
    logLikelihood(before, rate) + logLikelihood(after, Math.min(1, factor * rate));
  let low = Math.min(first, second / factor);
  let high = Math.max(first, second / factor);
  for (let step = 0; step < 60; step++) {
    const third = (high - low) / 3;
    if (value(low + third) < value(high - third)) low += third;
    else high -= third;
  }
  return value((low + high) / 2);
}

function logLikelihood({ kept, trials }: Kept, rate: number): number {
  return times(kept, Math.log(rate)) + times(trials - kept, Math.log1p(-rate));
}

/** 0 * log 0 is 0: what cannot be and was not. */
function times(count: number, log: number): number {
  return count === 0 ? 0 : count * log;
}
