import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../core/random-from.ts';
import { decomposeRate, type RateCause } from '../../../validators/sampling/population/decompose-rate.ts';

const DOUBT = { edgeVariance: 0, designEffect: 1, tolerance: 0.005, z: 4.9 };

function binomial(random: () => number, n: number, p: number): number {
  let count = 0;
  for (let i = 0; i < n; i++) if (random() < p) count++;
  return count;
}

/** A sampler that keeps `real` and declares `declared`; `delivered` arrive. */
function run(of: { seed: number; real: number; declared: number; delivered: number; started?: number }) {
  const random = randomFrom(of.seed);
  const started = of.started ?? 50_000;
  const sampled = binomial(random, started, of.real);
  const received = binomial(random, sampled, of.delivered);
  return decomposeRate({ ...DOUBT, started, sampled, received, weighted: received / of.declared });
}

describe('decomposeRate', () => {
  it.each([
    ['none', { real: 0.1, declared: 0.1, delivered: 1 }],
    ['none', { real: 1, declared: 1, delivered: 1 }],
    ['rate', { real: 0.06, declared: 0.1, delivered: 1 }],
    ['rate', { real: 0.12, declared: 0.1, delivered: 1 }],
    ['loss', { real: 0.1, declared: 0.1, delivered: 0.9 }],
    ['loss', { real: 1, declared: 1, delivered: 0.97 }],
    ['both', { real: 0.06, declared: 0.1, delivered: 0.9 }],
    ['downstream', { real: 0.5, declared: 0.1, delivered: 0.2 }],
  ] as const)('names %s: %o', (cause: RateCause, of) => {
    const causes = Array.from({ length: 50 }, (_, seed) => run({ ...of, seed }).cause);
    expect(new Set(causes)).toEqual(new Set([cause]));
  });

  it('names copies', () => {
    const copied = { ...DOUBT, started: 10_000, sampled: 1_000, received: 1_050, weighted: 10_500 };
    expect(decomposeRate(copied).cause).toBe('copies');
  });

  it('splits the ratio exactly: Y / N = a b / c', () => {
    const { ratio, rate, delivery } = run({ seed: 3, real: 0.06, declared: 0.1, delivered: 0.9 });
    expect(ratio).toBeCloseTo(rate.estimate * delivery.estimate, 12);
  });

  it('blames nobody for what the edges leave open, nor for a true rate of few spans', () => {
    const torn = { ...DOUBT, started: 1_200, sampled: 1_200, received: 1_170, weighted: 1_170 };
    expect(decomposeRate(torn).cause).toBe('loss');
    expect(decomposeRate({ ...torn, edgeVariance: 100 }).cause).toBe('none');
    const wrong = Array.from({ length: 2_000 }, (_, seed) =>
      run({ seed, real: 0.1, declared: 0.1, delivered: 1, started: 500 }),
    ).filter(({ cause }) => cause !== 'none');
    expect(wrong).toEqual([]);
  });

  it('covers the share the sampler keeps as often as z says', () => {
    let covered = 0;
    for (let seed = 1; seed <= 1_000; seed++) {
      const random = randomFrom(seed * 7_919);
      const sampled = binomial(random, 2_000, 0.1);
      const { rate } = decomposeRate({
        ...DOUBT,
        z: 1.96,
        started: 2_000,
        sampled,
        received: sampled,
        weighted: sampled * 10,
      });
      if (rate.lower <= 1 && 1 <= rate.upper) covered++;
    }
    expect(covered / 1_000).toBeGreaterThan(0.93);
    expect(covered / 1_000).toBeLessThan(0.97);
  });

  it('has no rate of nothing', () => {
    const nothing = { ...DOUBT, started: 0, sampled: 0, received: 0, weighted: 0 };
    expect(() => decomposeRate(nothing)).toThrow(RangeError);
  });
});
