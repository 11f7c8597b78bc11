import type { DriftEpisode } from '../../core/drift-episode.ts';
import type { SystemView } from '../equal-load/system-view.ts';
import type { Loop } from './feedback-loop/loop.ts';
import { oscillations } from './feedback-loop/oscillations.ts';
import { ratchets } from './feedback-loop/ratchets.ts';
import { retryStorms } from './feedback-loop/retry-storms.ts';

/** Loops that reinforce waste: autoscalers that hunt, actors that ratchet, retries that feed themselves. @see drift.md 3.3 */
export function detectFeedbackLoop(view: SystemView): DriftEpisode[] {
  return [...oscillations(view), ...ratchets(view), ...retryStorms(view)].map(tellLoop);
}

const HIDDEN_BY: Readonly<Record<Loop['kind'], readonly string[]>> = {
  oscillation: ['replicas on average are as many as before'],
  ratchet: ['each step was allowed for itself'],
  'retry-storm': ['retries answer most calls in the end'],
};

const FALSIFIED_BY: Readonly<Record<Loop['kind'], string>> = {
  oscillation: 'Replicas held still for three periods: what swings on is the load or another loop.',
  ratchet:
    'The knob set back for six hours: if what the actor works for does not get better, the loop is not its cause.',
  'retry-storm': 'Retries off for some minutes: if the service stays as busy, they are not what keeps it so.',
};

function tellLoop(loop: Loop): DriftEpisode {
  const { metric, ratio, lower, upper, atEqualLoad } = loop;
  return {
    kind: 'feedback-loop',
    subject: loop.service,
    culprit: loop.driver,
    onsetMinute: loop.onsetMinute,
    detectedMinute: loop.detectedMinute,
    confirmedMinute: loop.confirmedMinute,
    closedMinute: loop.closedMinute,
    effect: { metric, ratio, lower, upper, atEqualLoad },
    confidence: loop.confirmedMinute === null ? 0.7 : 0.95,
    hiddenBy: HIDDEN_BY[loop.kind],
    actors: loop.kind === 'ratchet' && loop.driver !== null ? [loop.driver] : [],
    decisions: loop.decisions,
    reasons: [{ code: loop.kind, text: `Since about minute ${loop.onsetMinute}: ${loop.text}` }],
    evidence: loop.evidence,
    falsifiedBy: FALSIFIED_BY[loop.kind],
  };
}
