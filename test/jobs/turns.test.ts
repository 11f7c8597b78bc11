import { describe, expect, it } from 'vitest';
import { whoseTurn } from '../../jobs/turns.ts';

const named = (count: number) => Array.from({ length: count }, (_, i) => `service-${i}`);
const at = (count: number, tick: number) => whoseTurn(named(count), (name) => name, tick);

describe('turns', () => {
  it('are for thousands: of 5,000 all are judged every tick', () => {
    expect(at(5_000, 0)).toHaveLength(5_000);
    expect(at(5_000, 1)).toHaveLength(5_000);
  });

  it.each([
    [10_000, 2],
    [20_000, 4],
  ])('come to each of %d once in %d ticks, with about as many in each', (count, turns) => {
    const seen = Array.from({ length: turns }, (_, tick) => at(count, 7 + tick));
    expect(seen.flat().toSorted()).toEqual(named(count).toSorted());
    for (const some of seen)
      expect(Math.abs(some.length - count / turns)).toBeLessThan(0.1 * (count / turns));
  });
});
