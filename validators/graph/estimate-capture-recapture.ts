import type { LossEstimates } from '../loss-estimate.ts';
import { type CalleeLossInput, calleeLoss } from './callee-loss.ts';

/** From here on, every call through a peer counts as one that is answered by an instrumented service. */
export const ALWAYS_ANSWERED_RATIO = 0.98;

/**
 * Which share of a service's SERVER and CONSUMER spans never arrived, from two lists of the same calls: its callers'
 * spans and its own, keyed by the caller's. Sees what orphans cannot: the losses of services that call nobody. Only
 * through peers whose calls are always answered; for the rest, `estimateMissingCallees`. What both sides lost
 * together is invisible: the independent part, a lower bound. How many calls there were is in the evidence.
 * @see quality.md 3.1 C7
 */
export function estimateCaptureRecapture(input: CalleeLossInput, nowMs: number): LossEstimates {
  const concerns = ({ answeredRatio }: { readonly answeredRatio: number }) =>
    answeredRatio >= ALWAYS_ANSWERED_RATIO;
  return calleeLoss('capture-recapture', input, { concerns, nowMs });
}
