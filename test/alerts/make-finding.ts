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

/** An optimiser that lengthens the life of a cache; the findings of a detector of drift look like this. */
export function makeLocalVsGlobal(changes: Partial<Finding> = {}): Finding {
  return makeFinding({
    id: 'local-vs-global:catalog:2026-11-23T14:00:00.000Z',
    kind: 'local-vs-global',
    subject: 'catalog',
    culprit: 'cache-tuner',
    state: 'confirmed',
    effect: {
      metric: 'stale answers of catalog',
      ratio: 6.4,
      lower: 5.1,
      upper: 7.9,
      atEqualLoad: true,
    },
    reasons: [
      {
        code: 'OWN_GOAL_BETTER',
        text: 'cache_hit_ratio of catalog is up by 4.1 points since cache-tuner acts.',
      },
      { code: 'WHOLE_WORSE', text: 'Stale answers are at 6.4 times the accepted period at equal load.' },
    ],
    evidence: {
      series: [0.01, 0.01, 0.02, null, 0.04, 0.05, 0.06, 0.064].map((value, index) => ({
        at: new Date(T0_MS + index * 10_800_000).toISOString(),
        value,
      })),
      confirmedAt: '2026-11-24T17:02:10.000Z',
      hiddenBy: ['stale answers, which look like good ones to users'],
      actors: ['cache-tuner'],
      falsifiedBy:
        'The stale share stays where it is after the last steps of cache-tuner are taken back for six hours.',
      groupLeadId: 'local-vs-global:catalog:2026-11-23T14:00:00.000Z',
    },
    decisions: ['d_1', 'd_2', 'd_3', 'd_4', 'd_5', 'd_6', 'd_7'],
    ...changes,
  });
}

/** Retries hide a failing callee; nobody is known to have acted, and the series has no clock of its own. */
export function makeMaskedFailure(changes: Partial<Finding> = {}): Finding {
  return makeFinding({
    id: 'masked-failure:cart->db:2026-11-23T17:00:00.000Z',
    kind: 'masked-failure',
    subject: 'cart->db',
    state: 'suspect',
    effect: {
      metric: 'retries share of cart->db',
      ratio: 8,
      lower: 6.5,
      upper: 9.75,
      atEqualLoad: false,
    },
    reasons: [
      {
        code: 'masked_retries',
        text: 'cart->db: tried again: 3.2 % since 14:02, 0.4 % in the accepted period.',
      },
    ],
    evidence: {
      series: [4, 4, 5, 24, 30, 32, 32, 31].map((perMille, index) => ({
        minute: 5_760 + 30 * index,
        value: perMille / 1_000,
      })),
      hiddenBy: ['retries'],
      actors: [],
      falsifiedBy: 'cart->db back below 0.6 % with retries switched off.',
    },
    ...changes,
  });
}
