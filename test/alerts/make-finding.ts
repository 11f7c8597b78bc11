import type { Finding } from '../../core/finding.ts';
import { T0_MS } from './make-verdict.ts';

/** A suspected bad state of checkout: p95 settled at 1.8 times its target. */
export function makeFinding(changes: Partial<Finding> = {}): Finding {
  return {
    id: 'f-checkout-p95',
    kind: 'stabilised-bad-state',
    subject: 'checkout',
    culprit: null,
    state: 'suspect',
    onsetAtMs: T0_MS,
    detectedAtMs: T0_MS + 7_200_000,
    closedAtMs: null,
    effect: { metric: 'p95_ms', ratio: 1.8, lower: 1.5, upper: 2.1, atEqualLoad: true },
    confidence: 0.97,
    reasons: [
      { code: 'OUTSIDE_INTENT', text: 'p95 has been above 250 ms for 2 h and moves less than 2 % an hour.' },
    ],
    evidence: {
      intent: {
        constraint: 'checkout/p95',
        metric: 'p95_ms',
        comparator: '<=',
        target: 250,
        why: 'SLO checkout v3',
      },
      stepMs: 600_000,
      steps: [250, 240, 255, 430, 446, 451, 0, 449, 450, 452].map((value, index) => ({
        start: new Date(T0_MS + index * 720_000).toISOString(),
        requests: value === 0 ? 3 : 900,
        badRatio: 0.4,
        value,
        state: value === 0 ? 'too-few' : 'violated',
      })),
      closesWhen: 'p95_ms <= 250 (checkout/p95) is not violated in 80 % of 12 steps of 600 s',
    },
    decisions: [],
    ...changes,
  };
}
