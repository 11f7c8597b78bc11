import { describe, expect, it } from 'vitest';
import { nextStep } from '../../demo/shop/next-step.ts';

describe('nextStep', () => {
  it('swings by one replica around what a steady load asks for, and has a question at most ticks', () => {
    let replicas = 5;
    const walk = Array.from({ length: 8 }, (_, tick) => {
      replicas = nextStep({ replicas, requestsPerSecond: 30, tick });
      return replicas;
    });
    expect(walk).toEqual([5, 6, 5, 4, 5, 6, 5, 4]);
  });

  it('goes on asking for the way down while it is held up there', () => {
    const asked = [0, 1, 2, 3].map((tick) => nextStep({ replicas: 6, requestsPerSecond: 30, tick }) - 6);
    expect(asked).toEqual([-1, 0, -1, -1]);
  });

  it.each([
    [10, 1_000, 10],
    [2, 0, 2],
  ])('stays within its own bounds: %i replicas at %i requests/s', (replicas, requestsPerSecond, expected) => {
    expect(nextStep({ replicas, requestsPerSecond, tick: 0 })).toBe(expected);
  });
});
