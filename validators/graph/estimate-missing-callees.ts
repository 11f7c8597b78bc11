import type { LossEstimates } from '../loss-estimate.ts';
import { type CalleeLossInput, calleeLoss } from './callee-loss.ts';
import { ALWAYS_ANSWERED_RATIO } from './estimate-capture-recapture.ts';

/** A peer that answers fewer of its calls with a span is as good as uninstrumented. */
const ANSWERED_RATIO_MIN = 0.5;

/**
 * Which share of a service's SERVER and CONSUMER spans never arrived, where its callers' calls are usually, not
 * always, answered by a span (caches, sidecars, instances without instrumentation): how far the answered share fell
 * below its own baseline. Such a peer can fail its service, and hardly ever pass it: what is usually unanswered may
 * be a loss too.
 * @see quality.md 3.1 C6
 */
export function estimateMissingCallees(input: CalleeLossInput, nowMs: number): LossEstimates {
  const concerns = ({ answeredRatio }: { readonly answeredRatio: number }) =>
    answeredRatio >= ANSWERED_RATIO_MIN && answeredRatio < ALWAYS_ANSWERED_RATIO;
  return calleeLoss('missing-callee', input, { concerns, nowMs });
}
