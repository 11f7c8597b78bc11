import { describe, expect, it } from 'vitest';
import { measureOwnLag, type OwnLag, subtractOwnLag } from '../../../validators/time/own-lag.ts';

const spread = (count: number) => Array.from({ length: count }, (_, i) => 500 + (1_000 * i) / (count - 1));

describe('measureOwnLag', () => {
  it('knows the 99 % quantile to the width of a bin once 368 canaries came', () => {
    const lag = measureOwnLag(spread(720));
    expect(lag).toMatchObject({ n: 720, minMs: 500, maxMs: 1_500 });
    expect(lag?.p99.lower).toBeGreaterThan(1_200);
    expect(lag?.p99.upper).toBe(1_500);
    expect(lag?.p50.estimate).toBeGreaterThan(900);
    expect(lag?.p50.estimate).toBeLessThan(1_100);
  });

  it('has no upper end of fewer, and nothing of none', () => {
    expect(measureOwnLag(spread(367))?.p99.upper).toBe(Number.POSITIVE_INFINITY);
    expect(measureOwnLag([])).toBeNull();
  });
});

describe('subtractOwnLag', () => {
  it('takes at most the 99 % quantile from below, at least the least from above, and never below zero', () => {
    const age = { estimate: 5, lower: 5, upper: 5 };
    const full = subtractOwnLag(age, measureOwnLag(spread(720)) as OwnLag);
    expect(full).toMatchObject({ lower: 3.5, upper: 4.5 });
    expect(subtractOwnLag(age, measureOwnLag([2_000, 1_000]) as OwnLag)).toMatchObject({
      lower: 3,
      upper: 4,
    });
    const young = { estimate: 0.2, lower: 0.1, upper: 0.3 };
    expect(subtractOwnLag(young, measureOwnLag([2_000]) as OwnLag)).toEqual({
      estimate: 0,
      lower: 0,
      upper: 0,
    });
  });
});
