import fc from 'fast-check';
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
    'calls at most one in a hundred steps of %i requests violated exactly at the target',
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

/** Spans of a step, as a sampler that keeps `weight`-th of `requests` leaves them, `bad` of them by `badRatio`. */
interface Sampled {
  readonly requests: number;
  readonly weight: number;
  readonly badRatio: number;
}

function sampledStep(routes: readonly Sampled[], random: () => number): ServiceStep {
  const byWeight = routes.map(({ requests, weight, badRatio }) => {
    const spans = weight === 1 ? requests : drawBinomial(requests, 1 / weight, random);
    return { weight, spans, errors: drawBinomial(spans, badRatio, random), durationBins: new Map() };
  });
  return { startMs: 0, byWeight };
}

/** A tail sampler that keeps all errors, and one in `weight` of the rest, and says so. */
function errorsKept({ requests, weight, badRatio }: Sampled, random: () => number): ServiceStep {
  const errors = drawBinomial(requests, badRatio, random);
  const rest = drawBinomial(requests - errors, 1 / weight, random);
  const bins = { durationBins: new Map() };
  return {
    startMs: 0,
    byWeight: [
      { weight: 1, spans: errors, errors, ...bins },
      { weight, spans: rest, errors: 0, ...bins },
    ],
  };
}

describe('judgeStep of sampled requests', () => {
  const RUNS = 4_000;
  const violatedRatio = (seed: number, draw: (random: () => number) => ServiceStep) => {
    const random = randomFrom(seed);
    let violated = 0;
    for (let run = 0; run < RUNS; run++) {
      if (judgeStep(draw(random), okRatio).state === 'violated') violated++;
    }
    return violated / RUNS;
  };
  // Weights 1 and 20, by route; the second has all the errors of both in the worst case.
  const mixes = [
    ['as many spans of either', 100, 2_000],
    ['few heavy ones', 1_000, 100],
    ['half by half', 1_000, 1_000],
    ['a small service', 50, 200],
  ] as const;

  it.each(mixes)(
    'calls at most one step in a hundred violated exactly at the target: %s',
    (_name, light, heavy) => {
      const alike = (random: () => number) =>
        sampledStep(
          [
            { requests: light, weight: 1, badRatio: 0.01 },
            { requests: heavy, weight: 20, badRatio: 0.01 },
          ],
          random,
        );
      const unlike = (random: () => number) =>
        sampledStep(
          [
            { requests: light, weight: 1, badRatio: 0 },
            { requests: heavy, weight: 20, badRatio: (0.01 * (light + heavy)) / heavy },
          ],
          random,
        );
      // Three standard deviations of these draws above it.
      expect(violatedRatio(light, alike)).toBeLessThanOrEqual(0.01 + 0.0047);
      expect(violatedRatio(heavy, unlike)).toBeLessThanOrEqual(0.01 + 0.0047);
    },
  );

  it('does not take a sampler that keeps errors for a service that makes them', () => {
    const healthy = { requests: 1_000, weight: 20, badRatio: 0.01 };
    expect(violatedRatio(5, (random) => errorsKept(healthy, random))).toBeLessThanOrEqual(0.01 + 0.0047);
    // The same spans without their weights: errors are one in six of what arrives.
    const received = (random: () => number) => {
      const { startMs, byWeight } = errorsKept(healthy, random);
      return { startMs, byWeight: byWeight.map((one) => ({ ...one, weight: null })) };
    };
    expect(violatedRatio(5, received)).toBeGreaterThan(0.9);
  });

  it.each([
    [
      'all requests',
      0.99,
      (random: () => number) => sampledStep([{ requests: 1_000, weight: 1, badRatio: 0.05 }], random),
    ],
    [
      'all errors, and one in 20 of the rest',
      0.99,
      (random: () => number) => errorsKept({ requests: 1_000, weight: 20, badRatio: 0.05 }, random),
    ],
    [
      'one route whole, another one in 20',
      0.95,
      (random: () => number) =>
        sampledStep(
          [
            { requests: 1_000, weight: 1, badRatio: 0.05 },
            { requests: 1_000, weight: 20, badRatio: 0.05 },
          ],
          random,
        ),
    ],
    [
      'one in 20 of many',
      0.9,
      (random: () => number) => sampledStep([{ requests: 5_000, weight: 20, badRatio: 0.05 }], random),
    ],
  ] as const)('sees five times the errors that are allowed: %s', (_name, power, draw) => {
    expect(violatedRatio(9, draw)).toBeGreaterThan(power);
  });

  it('judges spans that all weigh alike by their own number, whatever they weigh', () => {
    fc.assert(
      fc.property(
        fc.nat(500),
        fc.nat(500),
        fc.double({ min: 1, max: 1e6, noNaN: true }),
        (good, errors, weight) => {
          const one = wholeStep({ requests: good + errors, errors });
          const heavy = wholeStep({ requests: good + errors, errors, weight });
          const [light, weighed] = [judgeStep(one, okRatio), judgeStep(heavy, okRatio)];
          expect(weighed.state).toBe(light.state);
          expect(weighed.badRatio).toBeCloseTo(light.badRatio, 12);
          expect((weighed.requests ?? 0) / weight).toBeCloseTo(light.requests ?? 0, 6);
        },
      ),
    );
  });

  it('takes spans that were kept, but not by probability, for no requests', () => {
    const kept = wholeStep({ requests: 50, errors: 50, durationBins: new Map([[90, 50]]), weight: 0 });
    expect(judgeStep(kept, p95)).toMatchObject({ state: 'too-few', requests: 0, value: 0, badRatio: 0 });
  });

  it.each([
    ['of a hundred spans one without weight is left out', 1, 99 * 20],
    ['of more than one in a hundred nothing is known', 2, null],
  ] as const)('%s', (_name, unknown, requests) => {
    const bins = { errors: 0, durationBins: new Map() };
    const judged = judgeStep(
      {
        startMs: 0,
        byWeight: [
          { weight: 20, spans: 100 - unknown, ...bins },
          { weight: null, spans: unknown, ...bins },
        ],
      },
      okRatio,
    );
    expect(judged).toMatchObject({ requests, spans: 100, unknownRatio: unknown / 100 });
  });
});

describe('falseAlarmRatio', () => {
  it('is the bound the detector states', () => {
    expect(falseAlarmRatio(5, 6)).toBeCloseTo(6e-10, 10);
    expect(falseAlarmRatio(10, 12)).toBeLessThan(1e-18);
    expect(falseAlarmRatio(0, 0)).toBe(1);
  });
});
