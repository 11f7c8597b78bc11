import type { Verdict } from '../../core/verdict.ts';

export const T0_MS = Date.parse('2026-11-23T14:02:10.000Z');

/** A failed verdict about the completeness of checkout's traces, evaluated at T0. */
export function makeVerdict(
  changes: Partial<Omit<Verdict, 'source'>> & { source?: Partial<Verdict['source']> } = {},
): Verdict {
  const evaluatedAtMs = changes.evaluatedAtMs ?? T0_MS;
  return {
    dimension: 'completeness',
    outcome: 'fail',
    estimate: 0.261,
    lower: 0.243,
    upper: 0.28,
    confidence: 0.95,
    unit: 'ratio',
    n: 4120,
    limits: { warn: 0.01, fail: 0.02 },
    window: { startMs: evaluatedAtMs - 60_000, endMs: evaluatedAtMs },
    evaluatedAtMs,
    validUntilMs: evaluatedAtMs + 15_000,
    reasons: [
      {
        code: 'LOSS_ABOVE_LIMIT',
        text: 'At least 24 % of the spans were lost (limit 2 %), from payment, cart missing their parents.',
      },
    ],
    estimators: [
      { id: 'orphans-45s', kind: 'graph', estimate: 0.261, lower: 0.243, upper: 0.28, n: 4120 },
      { id: 'sdk-dropped', kind: 'counter', estimate: null, lower: null, upper: null, n: 0 },
    ],
    evidence: {},
    ...changes,
    source: {
      tenant: '',
      serviceNamespace: 'shop',
      serviceName: 'checkout',
      serviceInstanceId: '',
      signal: 'traces',
      ...changes.source,
    },
  };
}
