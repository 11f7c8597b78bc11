import type { DriftEpisode } from '../../core/drift-episode.ts';

export function makeEpisode(changes: Partial<DriftEpisode> = {}): DriftEpisode {
  return {
    kind: 'stabilised-bad-state',
    subject: 'checkout',
    culprit: null,
    onsetMinute: 6_000,
    detectedMinute: 6_300,
    confirmedMinute: 6_360,
    closedMinute: null,
    effect: { metric: 'p50_ms', ratio: 1.5, lower: 1.4, upper: 1.6, atEqualLoad: true },
    confidence: 0.99,
    hiddenBy: [],
    actors: [],
    decisions: [],
    reasons: [{ code: 'BAD_AT_EQUAL_LOAD', text: 'Slower than accepted at the same load.' }],
    evidence: {},
    falsifiedBy: 'The same latency in the accepted period at this load.',
    ...changes,
  };
}
