import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binomialLowerTail, binomialUpperTail } from '../../core/binomial-tail.ts';
import { chiSquareQuantile } from '../../core/chi-square-quantile.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';
import { studentQuantile } from '../../core/student-quantile.ts';

describe('normalQuantile', () => {
  it.each([
    [0.5, 0],
    [0.975, 1.959963985],
    [0.995, 2.575829304],
    [0.9999, 3.719016485],
    [1e-9, -5.997807015],
    [0.025, -1.959963985],
  ])('of %d', (p, z) => {
    expect(normalQuantile(p)).toBeCloseTo(z, 5);
  });

  it.each([0, 1, -1, Number.NaN])('refuses %d', (p) => {
    expect(() => normalQuantile(p)).toThrow(RangeError);
  });
});

describe('chiSquareQuantile', () => {
  // Published table.
  it.each([
    [0.5, 3, 2.366],
    [0.95, 3, 7.815],
    [0.95, 8, 15.507],
    [0.95, 39, 54.572],
    [0.95, 120, 146.567],
    [0.999, 10, 29.588],
  ])('of %d with %d degrees of freedom', (p, degrees, x) => {
    expect(Math.abs(chiSquareQuantile(p, degrees) / x - 1)).toBeLessThan(0.01);
  });

  it('refuses what is no number of degrees', () => {
    expect(() => chiSquareQuantile(0.95, 0)).toThrow(RangeError);
  });
});

describe('studentQuantile', () => {
  // Published table (two-sided 95 % and 99 %).
  it.each([
    [0.975, 1, 12.706],
    [0.975, 2, 4.303],
    [0.975, 3, 3.182],
    [0.975, 5, 2.571],
    [0.975, 8, 2.306],
    [0.975, 30, 2.042],
    [0.995, 3, 5.841],
    [0.995, 10, 3.169],
    [0.025, 8, -2.306],
  ])('of %d with %d degrees of freedom', (p, degrees, t) => {
    expect(Math.abs(studentQuantile(p, degrees) / t - 1)).toBeLessThan(0.01);
  });
});

/** The definition, term by term; fine for small n. */
function tailBySum(k: number, n: number, p: number): number {
  let term = (1 - p) ** n;
  let below = 0;
  for (let i = 0; i < k; i++) {
    below += term;
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
  }
  return 1 - below;
}

describe('binomialUpperTail', () => {
  it('agrees with the definition', () => {
    const cases = fc.record({
      n: fc.integer({ min: 1, max: 200 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      p: fc.double({ min: 0.001, max: 0.9, noNaN: true }),
    });
    fc.assert(
      fc.property(cases, ({ n, share, p }) => {
        const k = Math.round(share * n);
        expect(binomialUpperTail(k, n, p)).toBeCloseTo(tailBySum(k, n, p), 9);
        expect(binomialUpperTail(k + 1, n, p) + binomialLowerTail(k, n, p)).toBeCloseTo(1, 9);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['all of ten', 10, 10, 0.05, 0.05 ** 10],
    ['none is certain', 0, 10, 0.05, 1],
    ['more than there are', 11, 10, 0.05, 0],
    ['no chance at all', 1, 10, 0, 0],
    ['certainty', 10, 10, 1, 1],
  ])('%s', (_name, k, n, p, tail) => {
    expect(binomialUpperTail(k, n, p)).toBeCloseTo(tail, 15);
  });

  it('holds for a million trials', () => {
    // Normal approximation with continuity correction at 3 standard deviations: P = 0.001345 for a symmetric law.
    const tail = binomialUpperTail(501_500, 1_000_000, 0.5);
    expect(tail).toBeGreaterThan(0.00133);
    expect(tail).toBeLessThan(0.00137);
  });

  it('refuses impossible counts', () => {
    expect(() => binomialUpperTail(-1, 10, 0.5)).toThrow(RangeError);
    expect(() => binomialUpperTail(1, 10, 1.5)).toThrow(RangeError);
  });
});
