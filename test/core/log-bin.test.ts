import fc from 'fast-check';
import { expect, it } from 'vitest';
import { binLower, logBin } from '../../core/log-bin.ts';

it('a bin holds what lies between its lower end and the next', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (x) => {
      const bin = logBin(x);
      // One unit in the last place of rounding at the edge; a bin is 9 % wide.
      expect(binLower(bin)).toBeLessThanOrEqual(x * (1 + 1e-9) + 1e-9);
      expect(binLower(bin + 1)).toBeGreaterThanOrEqual(x * (1 - 1e-9));
    }),
    { numRuns: 1_000 },
  );
});

it('negative values have a bin of their own', () => {
  expect(logBin(-0.001)).toBe(-1);
  expect(logBin(0)).toBe(0);
  expect(binLower(-1)).toBe(Number.NEGATIVE_INFINITY);
});
