import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dkwHalfWidth, wilson } from '../../core/interval.ts';

describe('wilson', () => {
  it.each([
    // Published values: Newcombe 1998, Table I, method 3.
    ['81 of 263', 81, 263, 0.2553, 0.3662],
    ['15 of 148', 15, 148, 0.0624, 0.1605],
    ['0 of 20', 0, 20, 0, 0.1611],
    ['1 of 29', 1, 29, 0.0061, 0.1718],
  ])('%s', (_name, k, n, lower, upper) => {
    const interval = wilson(k, n);
    expect(interval.lower).toBeCloseTo(lower, 4);
    expect(interval.upper).toBeCloseTo(upper, 4);
  });

  it('holds its estimate and stays inside [0, 1]', () => {
    const counts = fc
      .integer({ min: 1, max: 1_000_000 })
      .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
    fc.assert(
      fc.property(counts, ([k, n]) => {
        const { estimate, lower, upper } = wilson(k, n);
        expect(lower).toBeGreaterThanOrEqual(0);
        expect(lower).toBeLessThanOrEqual(estimate);
        expect(upper).toBeGreaterThanOrEqual(estimate);
        expect(upper).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['no trials', 0, 0],
    ['more successes than trials', 3, 2],
    ['negative successes', -1, 2],
    ['not a number', Number.NaN, 2],
  ])('refuses %s', (_name, k, n) => {
    expect(() => wilson(k, n)).toThrow(RangeError);
  });
});

describe('dkwHalfWidth', () => {
  it.each([
    [1_000, 0.0429],
    [5_000, 0.0192],
    [50_000, 0.0061],
  ])('n = %i', (n, half) => {
    expect(dkwHalfWidth(n, 0.95)).toBeCloseTo(half, 4);
  });
});
