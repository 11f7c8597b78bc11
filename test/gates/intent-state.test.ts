import { describe, expect, it } from 'vitest';
import type { IntentTarget } from '../../core/expectation.ts';
import { logBin } from '../../core/log-bin.ts';
import type { ServiceStep } from '../../core/service-step.ts';
import { intentState } from '../../gates/intent-state.ts';
import { wholeStep } from '../detectors/whole-step.ts';

const intent = (metric: IntentTarget['metric'], target: number): IntentTarget => ({
  constraint: 'checkout/x',
  serviceName: 'checkout',
  metric,
  comparator: metric === 'ok_ratio' ? '>=' : '<=',
  target,
  why: '',
});

function step(of: { requests: number; errors?: number; slow?: number; slowMs?: number }): ServiceStep {
  const { requests, errors = 0, slow = 0, slowMs = 1_000 } = of;
  const durationBins = new Map([
    [logBin(20_000), requests - slow],
    [logBin(1_000 * slowMs), slow],
  ]);
  return wholeStep({ requests, errors, durationBins });
}

describe('intentState', () => {
  it.each([
    ['no requests', 'ok_ratio', 0.99, step({ requests: 0 }), 'unknown'],
    ['too few requests', 'ok_ratio', 0.99, step({ requests: 29, errors: 29 }), 'unknown'],
    ['clearly missed', 'ok_ratio', 0.99, step({ requests: 1_000, errors: 50 }), 'false'],
    ['clearly met', 'ok_ratio', 0.99, step({ requests: 10_000, errors: 10 }), 'true'],
    ['on the target: not to be told', 'ok_ratio', 0.99, step({ requests: 1_000, errors: 10 }), 'unknown'],
    ['slow beyond the quantile', 'p95_ms', 250, step({ requests: 1_000, slow: 200 }), 'false'],
    ['slow within the quantile', 'p95_ms', 250, step({ requests: 1_000, slow: 10 }), 'true'],
    ['the same calls, a stricter quantile', 'p99_ms', 250, step({ requests: 1_000, slow: 40 }), 'false'],
    [
      'slow ones in the bin of the target may be either',
      'p50_ms',
      250,
      step({ requests: 1_000, slow: 900, slowMs: 250 }),
      'unknown',
    ],
  ] as const)('%s', (_name, metric, target, steps, expected) => {
    expect(intentState(intent(metric, target), [steps]).isMet).toBe(expected);
  });

  it('counts requests by weight, and says nothing where weights are unknown', () => {
    const durationBins = new Map<number, number>();
    const kept = (weight: number | null, restWeight: number | null): ServiceStep => ({
      startMs: 0,
      byWeight: [
        { weight, spans: 10, errors: 10, durationBins },
        { weight: restWeight, spans: 500, errors: 0, durationBins },
      ],
    });
    expect(intentState(intent('ok_ratio', 0.99), [kept(1, 20)])).toMatchObject({
      isMet: 'true',
      requests: 10_010,
    });
    // As many spans if nothing is sampled: two in a hundred.
    expect(intentState(intent('ok_ratio', 0.99), [kept(1, 1)])).toMatchObject({
      isMet: 'false',
      requests: 510,
    });
    expect(intentState(intent('ok_ratio', 0.99), [kept(null, null)])).toMatchObject({
      isMet: 'unknown',
      requests: null,
    });
  });

  it('adds up steps', () => {
    const half = step({ requests: 20, errors: 10 });
    expect(intentState(intent('ok_ratio', 0.99), [half, half])).toMatchObject({
      isMet: 'false',
      requests: 40,
    });
  });
});
