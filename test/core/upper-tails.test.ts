import { describe, expect, it } from 'vitest';
import { chiSquareUpperTail } from '../../core/chi-square-tail.ts';
import { normalUpperTail } from '../../core/normal-tail.ts';

describe('chiSquareUpperTail', () => {
  it.each([
    // With an even number of degrees it is a Poisson sum; with one it is twice the normal tail.
    ['2 degrees are an exponential', 2, 2, Math.exp(-1)],
    ['2 degrees far out', 80, 2, Math.exp(-40)],
    ['4 degrees', 30, 4, 16 * Math.exp(-15)],
    ['1 degree at 1.96 squared', 1.959963984540054 ** 2, 1, 0.05],
    ['1 degree at 6.109 squared', 6.109410204869 ** 2, 1, 1e-9],
  ])('%s', (_, x, degrees, tail) => {
    expect(chiSquareUpperTail(x, degrees) / tail).toBeCloseTo(1, 7);
  });

  it('is 1 at 0 and refuses what cannot be', () => {
    expect(chiSquareUpperTail(0, 63)).toBe(1);
    expect(() => chiSquareUpperTail(-1, 63)).toThrow('x >= 0');
    expect(() => chiSquareUpperTail(1, 0)).toThrow('degrees');
  });
});

describe('normalUpperTail', () => {
  it('knows both sides', () => {
    expect(normalUpperTail(1.6448536269514722)).toBeCloseTo(0.05, 9);
    expect(normalUpperTail(-1.6448536269514722)).toBeCloseTo(0.95, 9);
    expect(normalUpperTail(0)).toBe(0.5);
    expect(normalUpperTail(5.99780701500769) * 1e9).toBeCloseTo(1, 5);
  });
});
