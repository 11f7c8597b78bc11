import { binomialUpperTail } from '../../core/binomial-tail.ts';

/** Events, and what they happened in: calls, minutes. */
export interface EventCount {
  readonly events: number;
  readonly exposure: number;
}

/**
 * Exact p-value of "the rate now is no more than so many times that of the reference", for Poisson counts: given their
 * sum, the count now is binomial. That the reference itself is only known from a count is in it, so that nothing seen
 * in a short reference proves little.
 * @returns 1 where one of the two saw nothing it could count in
 * @see Przyborowski and Wilenski 1940, doi:10.2307/2332612
 */
export function rateIncreaseP(now: EventCount, reference: EventCount, ratio: number): number {
  if (!(now.exposure > 0) || !(reference.exposure > 0)) return 1;
  const events = Math.round(now.events);
  const share = (ratio * now.exposure) / (ratio * now.exposure + reference.exposure);
  return binomialUpperTail(events, events + Math.round(reference.events), share);
}
