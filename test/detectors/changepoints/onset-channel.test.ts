import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../core/random-from.ts';
import { MagnitudesSeen } from '../../../detectors/changepoints/magnitudes-seen.ts';
import { type Onset, OnsetChannel } from '../../../detectors/changepoints/onset-channel.ts';
import { SlidingMedian } from '../../../detectors/changepoints/sliding-median.ts';
import { runCount } from '../../run-count.ts';
import { simulatedNoise } from './simulated-noise.ts';

const DAY = 288;

function watch(values: readonly (number | null)[]): Onset[] {
  const channel = new OnsetChannel({ samplesPerDay: DAY });
  return values.flatMap((value) => channel.push(value) ?? []);
}

function noise(length: number, seed: number): number[] {
  return simulatedNoise({ length, phi: 0.5, random: randomFrom(seed) }).map((y) => 100 + 5 * y);
}

describe('OnsetChannel', () => {
  it('says at once that a step begins, and says it once', () => {
    const values = noise(8 * DAY, 3).map((y, i) => y + (i >= 6 * DAY ? 80 : 0));
    const found = watch(values).filter(({ index }) => index >= 6 * DAY - 10);
    expect(found.map(({ index }) => index)).toEqual([6 * DAY]);
    expect(found[0]?.record).toBeGreaterThan(2);
  });

  it('learns: the same step is no onset the second time', () => {
    const values = noise(12 * DAY, 3).map(
      (y, i) => y + ((i >= 6 * DAY && i < 7 * DAY) || i >= 9 * DAY ? 80 : 0),
    );
    expect(watch(values).filter(({ index }) => Math.abs(index - 9 * DAY) < 50)).toEqual([]);
  });

  it('calls unusual more seldom what comes every day, where it knows the days', () => {
    const ofPeaks = (samplesPerDay: number) => {
      let count = 0;
      for (let seed = 1; seed <= 20; seed++) {
        const channel = new OnsetChannel({ samplesPerDay });
        const values = noise(14 * DAY, seed).map((y, i) => y + (i % DAY >= 100 && i % DAY < 130 ? 60 : 0));
        const found = values.flatMap((value) => channel.push(value)?.index ?? []);
        count += found.filter((index) => index % DAY >= 100 && index % DAY < 160).length;
      }
      return count;
    };
    const blind = ofPeaks(0);
    expect(blind).toBeGreaterThan(30);
    expect(ofPeaks(DAY)).toBeLessThan(0.8 * blind);
  });

  it('is causal: what comes later changes nothing before', () => {
    const values = noise(4 * DAY, 9).map((y, i) => y + (i === 3 * DAY ? 500 : 0));
    const until = (end: number) => watch(values.slice(0, end)).map(({ index }) => index);
    const all = until(values.length);
    expect(all).toContain(3 * DAY);
    expect(until(3 * DAY + 1)).toEqual(all.filter((index) => index <= 3 * DAY));
  });

  it('says nothing of constant, empty and missing samples, nor in its first day', () => {
    expect(watch(new Array(1_000).fill(7))).toEqual([]);
    expect(watch(new Array(1_000).fill(null))).toEqual([]);
    expect(watch(noise(DAY, 2).map((y, i) => (i === 200 ? 9_000 : y)))).toEqual([]);
  });

  it('breaks records ever more seldom while nothing happens', () => {
    const runs = runCount({ suite: 10, long: 100 });
    let [young, old] = [0, 0];
    for (let seed = 1; seed <= runs; seed++) {
      const found = watch(noise(28 * DAY, 100 + seed));
      young += found.filter(({ index }) => index < 14 * DAY).length;
      old += found.filter(({ index }) => index >= 14 * DAY).length;
    }
    // Measured: 2.2 a week in the first two weeks of normal noise, 0.9 in the next two. No p-value is stated.
    expect(young / runs / 2).toBeLessThan(3.5);
    expect(old / young).toBeLessThan(0.75);
  });
});

describe('what the onset channel remembers', () => {
  it('gives quantiles to the bin', () => {
    const random = randomFrom(4);
    const seen = new MagnitudesSeen();
    const values = Array.from({ length: 5_000 }, () => Math.exp(20 * random() - 10));
    for (const value of values) seen.add(value);
    values.sort((a, b) => a - b);
    for (const p of [0.01, 0.25, 0.5, 0.75, 0.999]) {
      const exact = values[Math.ceil(p * values.length) - 1] as number;
      expect(Math.abs(seen.quantile(p) / exact - 1)).toBeLessThan(0.017);
    }
    expect(seen.max).toBe(values.at(-1));
  });

  it('gives 0 of zeros and of nothing', () => {
    const seen = new MagnitudesSeen();
    expect(seen.quantile(0.5)).toBe(0);
    seen.add(0);
    expect(seen.quantile(1)).toBe(0);
  });

  it('gives the median of the last values, equal ones too', () => {
    const random = randomFrom(6);
    const values = Array.from({ length: 300 }, () => Math.floor(5 * random()));
    const sliding = new SlidingMedian(7);
    for (const [i, value] of values.entries()) {
      sliding.push(value);
      const sorted = values.slice(Math.max(0, i - 6), i + 1).sort((a, b) => a - b);
      const n = sorted.length;
      expect(sliding.value).toBe(((sorted[n >> 1] as number) + (sorted[(n - 1) >> 1] as number)) / 2);
    }
  });
});
