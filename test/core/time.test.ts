import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rfc3339 } from '../../core/time.ts';

const time = fc.oneof(
  fc.integer({ min: -8.64e15, max: 8.64e15 }),
  fc.integer({ min: 1_795_000_000_000, max: 1_795_000_005_000 }),
  fc.double({ min: -5_000, max: 5_000, noNaN: true }),
);

describe('a time in words', () => {
  it('is what the platform writes, of any time and however often its second was written', () => {
    const property = fc.property(fc.array(time, { minLength: 1 }), (times) => {
      expect(times.map(rfc3339)).toEqual(times.map((timeMs) => new Date(timeMs).toISOString()));
    });
    fc.assert(property, { numRuns: 500 });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 8.65e15])('is none of %s', (timeMs) => {
    expect(() => rfc3339(timeMs)).toThrow(RangeError);
  });
});
