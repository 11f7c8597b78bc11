import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockBin, clockBinLower } from '../../../core/clock-bin.ts';
import { randomFrom } from '../../../core/random-from.ts';
import { pairTally } from '../../../eval/simulators/clock-pair-of.ts';
import { simulatedCalls } from '../../../eval/simulators/simulated-calls.ts';
import { boundSkew, trimmedCount } from '../../../validators/time/bound-skew.ts';
import { runCount } from '../../run-count.ts';

const WINDOW_MS = 120_000;

/** Runs in which the interval held the truth, had no number, and how wide it was where bounded. */
function calibrate(setting: { count: number; skewMs: number; outlivingRatio: number; asyncRatio: number }) {
  // Of 500 runs each at least 99 % held.
  const runs = setting.count > 1_000 ? runCount({ suite: 20, long: 500 }) : 500;
  const random = randomFrom(setting.count + Math.abs(setting.skewMs));
  let [held, stepped] = [0, 0];
  const widths: number[] = [];
  for (let run = 0; run < runs; run++) {
    const bound = boundSkew(pairTally('a', 'b', simulatedCalls({ ...setting, random })), WINDOW_MS);
    if (bound.isStep) stepped++;
    else if (bound.lower <= setting.skewMs && setting.skewMs <= bound.upper) held++;
    if (Number.isFinite(bound.upper - bound.lower)) widths.push(bound.upper - bound.lower);
  }
  widths.sort((a, b) => a - b);
  return {
    held: held / runs,
    stepped: stepped / runs,
    widthMs: widths[Math.floor(widths.length / 2)] ?? null,
  };
}

describe('boundSkew', () => {
  it.each(
    [20, -300, 300, 5_000, -5_000].flatMap((skewMs) =>
      [3, 20, 200, 2_000].map((count) => ({ count, skewMs, outlivingRatio: 0.01, asyncRatio: 0.01 })),
    ),
  )('holds the truth in at least 99 %% of runs: %o', (setting) => {
    const { held, stepped } = calibrate(setting);
    expect(held).toBeGreaterThanOrEqual(0.99);
    expect(stepped).toBeLessThanOrEqual(0.01);
  });

  it('is narrow: 20 ms and 300 ms to a few tens of ms, 5 s to 150 ms', () => {
    const width = (skewMs: number) =>
      calibrate({ count: 200, skewMs, outlivingRatio: 0.01, asyncRatio: 0 }).widthMs;
    expect(width(20)).toBeLessThan(40);
    expect(width(-300)).toBeLessThan(45);
    expect(width(5_000)).toBeLessThan(150);
  });

  it('gives no number where the clock was set in between', () => {
    const random = randomFrom(7);
    const calls = [0, 1_000].flatMap((skewMs) => simulatedCalls({ count: 50, skewMs, random }));
    expect(boundSkew(pairTally('a', 'b', calls), WINDOW_MS).isStep).toBe(true);
  });

  it('gives no wrong number where every third child outlives its caller', () => {
    const { held, stepped } = calibrate({ count: 200, skewMs: 300, outlivingRatio: 0.33, asyncRatio: 0 });
    expect(held + stepped).toBeGreaterThanOrEqual(0.99);
  });

  it('has no lower end of a single call, and none at all of no call', () => {
    const one = boundSkew(pairTally('a', 'b', [{ startDiffMs: 310, endDiffMs: 290 }]), WINDOW_MS);
    expect(one).toEqual({ lower: Number.NEGATIVE_INFINITY, upper: 310 + 13, isStep: false });
    const none = boundSkew(pairTally('a', 'b', [{ startDiffMs: 310, endDiffMs: 400 }]), WINDOW_MS);
    expect(none).toEqual({ lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY, isStep: false });
  });

  it('trims as many as could outlive by chance', () => {
    expect([1, 2, 20, 200, 2_000].map(trimmedCount)).toEqual([1, 1, 3, 11, 59]);
  });
});

describe('clockBin', () => {
  it('holds every difference between its lower end and that of the next bin', () => {
    const inside = fc.property(fc.double({ min: -8e7, max: 8e7, noNaN: true }), (ms) => {
      const bin = clockBin(ms);
      const slack = 1e-9 * (1 + Math.abs(ms));
      expect(clockBinLower(bin)).toBeLessThanOrEqual(ms + slack);
      expect(clockBinLower(bin + 1)).toBeGreaterThanOrEqual(ms - slack);
    });
    fc.assert(inside, { numRuns: 500 });
  });
});
