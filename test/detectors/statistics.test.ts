import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../core/random-from.ts';
import { meanInterval } from '../../detectors/statistics/mean-interval.ts';
import { slopeInterval } from '../../detectors/statistics/slope-interval.ts';
import { runCount } from '../run-count.ts';

/** Noise in which each value keeps `memory` of the one before; variance 1. */
function noise(n: number, memory: number, random: () => number): number[] {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const values = [normal()];
  while (values.length < n) {
    values.push(memory * (values.at(-1) as number) + Math.sqrt(1 - memory ** 2) * normal());
  }
  return values;
}

describe('calibration of short series, nominal 95 %', () => {
  // With memory, 12 values cannot tell how long it is: what is measured stands beside the bound.
  it.each([
    [12, 0, 0.94],
    [60, 0, 0.94],
    [12, 0.5, 0.82], // 0.86
    [60, 0.5, 0.9], // 0.93
  ])('the mean of %i values with memory %d', (n, memory, bound) => {
    const random = randomFrom(5);
    let covered = 0;
    for (let run = 0; run < 2_000; run++) {
      const { lower, upper } = meanInterval(noise(n, memory, random));
      if (lower <= 0 && upper >= 0) covered++;
    }
    expect(covered / 2_000).toBeGreaterThanOrEqual(bound);
  });

  // A slope where there is none: 5 % stated; what is measured with 4,000 series stands beside the bound.
  it.each([
    [12, 0, 0.08], // 0.049
    [24, 0, 0.08], // 0.050
    [60, 0, 0.08], // 0.049
    [12, 0.5, 0.12], // 0.091
    [24, 0.5, 0.1], // 0.078
    [60, 0.5, 0.1], // 0.059
    [12, 0.8, 0.18], // 0.154
    [24, 0.8, 0.16], // 0.134
    [60, 0.8, 0.12], // 0.090
  ])('the slope of %i values with memory %d', (n, memory, bound) => {
    const runs = runCount({ suite: 700, long: 4_000 });
    const random = randomFrom(n);
    let called = 0;
    for (let run = 0; run < runs; run++) {
      const slope = slopeInterval(noise(n, memory, random).map((y, x) => ({ x, y })));
      if (slope === null || slope.lower > 0 || slope.upper < 0) called++;
    }
    expect(called / runs).toBeLessThan(bound);
    expect(called / runs).toBeGreaterThan(0.025);
  });
});

describe('slopeInterval', () => {
  it('finds the slope of a line, without doubt', () => {
    const line = slopeInterval([0, 1, 2, 3].map((x) => ({ x, y: 2 * x + 1 })));
    expect(line?.estimate).toBeCloseTo(2, 12);
    expect(line?.upper).toBeCloseTo(2, 12);
  });

  it.each([
    [
      'two points',
      [
        { x: 0, y: 0 },
        { x: 1, y: 1 },
      ],
    ],
    [
      'one moment',
      [
        { x: 1, y: 0 },
        { x: 1, y: 1 },
        { x: 1, y: 2 },
      ],
    ],
  ])('is null of %s', (_name, points) => {
    expect(slopeInterval(points)).toBeNull();
  });
});

describe('meanInterval', () => {
  it('is unbounded of one value', () => {
    expect(meanInterval([3])).toEqual({ estimate: 3, lower: -Infinity, upper: Infinity });
  });

  it('refuses nothing', () => {
    expect(() => meanInterval([])).toThrow(RangeError);
  });
});
