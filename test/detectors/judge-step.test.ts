import { describe, expect, it } from 'vitest';
import type { IntentTarget } from '../../core/expectation.ts';
import { logBin } from '../../core/log-bin.ts';
import { randomFrom } from '../../core/random-from.ts';
import type { ServiceStep } from '../../core/service-step.ts';
import { falseAlarmRatio, judgeStep } from '../../detectors/judge-step.ts';
import { drawBinomial } from './simulated-series.ts';
import { wholeStep } from './whole-step.ts';

const okRatio: IntentTarget = {
  constraint: 'shop/ok',
  serviceName: 's',
  metric: 'ok_ratio',
  comparator: '>=',
  target: 0.99,
  why: '',
};
const p95: IntentTarget = { ...okRatio, metric: 'p95_ms', comparator: '<=', target: 250 };

function step(requests: number, errors: number, durations: Record<number, number> = {}): ServiceStep {
  const bins = Object.entries(durations).map(([ms, count]): [number, number] => [
    logBin(Number(ms) * 1_000),
    count,
  ]);
  return wholeStep({ requests, errors, durationBins: new Map(bins) });
}

describe('judgeStep', () => {
  it.each([
    ['no errors', okRatio, step(100, 0), 'not-violated'],
    ['on the target', okRatio, step(1_000, 10), 'not-violated'],
    ['above it, not beyond doubt', okRatio, step(100, 3), 'not-violated'],
    ['beyond doubt', okRatio, step(100, 6), 'violated'],
    ['all errors of few requests', okRatio, step(9, 9), 'too-few'],
    ['no requests', okRatio, step(0, 0), 'too-few'],
    ['quick', p95, step(100, 0, { 100: 100 }), 'not-violated'],
    ['five in a hundred slow', p95, step(100, 0, { 100: 95, 900: 5 }), 'not-violated'],
    ['a fifth slow', p95, step(100, 0, { 100: 80, 900: 20 }), 'violated'],
    ['all in the bin of the target', p95, step(100, 0, { 249: 100 }), 'not-violated'],
    ['at least p95, and it is', { ...p95, comparator: '>=' }, step(100, 0, { 900: 100 }), 'not-violated'],
    ['at least p95, and it is not', { ...p95, comparator: '>=' }, step(100, 0, { 100: 100 }), 'violated'],
    ['at most so many ok', { ...okRatio, comparator: '<=', target: 0.5 }, step(100, 0), 'violated'],
  ] as const)('%s', (_name, intent, of, state) => {
    expect(judgeStep(of, intent).state).toBe(state);
  });

  it('tells the metric itself', () => {
    expect(judgeStep(step(200, 5), okRatio)).toMatchObject({ value: 0.975, badRatio: 0.025 });
    const slow = judgeStep(step(100, 0, { 100: 80, 900: 20 }), p95);
    expect(slow.value).toBeGreaterThan(800);
    expect(slow.value).toBeLessThan(1_000);
  });

  it.each([10, 37, 200, 5_000])(
    'calls at most 1 %% of steps of %i requests violated exactly at the target',
    (requests) => {
      const random = randomFrom(requests);
      let violated = 0;
      for (let run = 0; run < 4_000; run++) {
        const errors = drawBinomial(requests, 0.01, random);
        if (judgeStep(step(requests, errors), okRatio).state === 'violated') violated++;
      }
      // The test is exact and discrete: 1 % at most, and three standard deviations of these 4,000 draws.
      expect(violated).toBeLessThanOrEqual(40 + 19);
    },
  );
});

describe('falseAlarmRatio', () => {
  it('is the bound the detector states', () => {
    expect(falseAlarmRatio(5, 6)).toBeCloseTo(6e-10, 10);
    expect(falseAlarmRatio(10, 12)).toBeLessThan(1e-18);
    expect(falseAlarmRatio(0, 0)).toBe(1);
  });
});
