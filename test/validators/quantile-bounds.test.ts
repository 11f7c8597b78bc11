import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logBin } from '../../core/log-bin.ts';
import { randomFrom } from '../../core/random-from.ts';
import { quantileBounds } from '../../validators/quantile-bounds.ts';

function binned(values: readonly number[]) {
  const bins = new Map<number, number>();
  for (const value of values) bins.set(logBin(value), (bins.get(logBin(value)) ?? 0) + 1);
  return { bins, min: Math.min(...values), max: Math.max(...values) };
}

describe('quantileBounds', () => {
  it('is null of nothing', () => {
    expect(quantileBounds({ bins: new Map(), min: 0, max: 0 }, 0.99)).toBeNull();
  });

  it.each([
    [367, Number.POSITIVE_INFINITY],
    [368, 100],
  ])('of %i values bounds the p99 from above by %d', (n, upper) => {
    expect(quantileBounds(binned(Array(n).fill(100)), 0.99)?.upper).toBe(upper);
  });

  it('puts values before their event into the lowest bin, and says by how much', () => {
    const bounds = quantileBounds(binned([-500, ...Array(400).fill(-20)]), 0.5);
    expect(bounds).toEqual({ estimate: -500, lower: -500, upper: -20 });
  });

  it('holds the quantile of the values themselves, up to the width of a bin', () => {
    const values = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 300 });
    const quantile = fc.constantFrom(0.5, 0.9, 0.99);
    fc.assert(
      fc.property(values, quantile, (latenesses, q) => {
        const sorted = [...latenesses].sort((a, b) => a - b);
        const middle = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] as number;
        const bounds = quantileBounds(binned(latenesses), q);
        expect(bounds?.lower).toBeLessThanOrEqual(middle);
        expect(bounds?.upper).toBeGreaterThanOrEqual(middle);
        expect(bounds?.estimate).toBeGreaterThanOrEqual(bounds?.lower as number);
        expect(bounds?.estimate).toBeLessThanOrEqual(bounds?.upper as number);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    [0.5, 50],
    [0.9, 200],
    [0.99, 1_000],
  ])('covers the true p%d in at least 95 %% of samples of %i', (q, n) => {
    const random = randomFrom(7);
    const truth = -Math.log(1 - q) * 1_000;
    let covered = 0;
    for (let run = 0; run < 1_000; run++) {
      const bounds = quantileBounds(
        binned(Array.from({ length: n }, () => -Math.log(1 - random()) * 1_000)),
        q,
      );
      if ((bounds?.lower ?? Infinity) <= truth && truth <= (bounds?.upper ?? -Infinity)) covered++;
    }
    // Discrete ranks and bin edges make it cover more, never less.
    expect(covered).toBeGreaterThanOrEqual(945);
  });
});
