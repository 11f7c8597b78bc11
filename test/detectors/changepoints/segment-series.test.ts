import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../core/random-from.ts';
import { segmentSeries } from '../../../detectors/changepoints/segment-series.ts';
import { runCount } from '../../run-count.ts';
import { simulatedNoise } from './simulated-noise.ts';

function noise(length: number, phi = 0, seed = 7): number[] {
  return simulatedNoise({ length, phi, random: randomFrom(seed) });
}

describe('segmentSeries finds', () => {
  it('two steps, where they are', () => {
    const found = segmentSeries([noise(200).map((y, i) => y + (i >= 80 && i < 140 ? 5 : 0))]);
    expect(found.map(({ index }) => index)).toEqual([80, 140]);
    expect(found.map(({ name }) => name)).toEqual(['step', 'step']);
    expect(Math.min(...found.map(({ stability }) => stability))).toBeGreaterThan(0.6);
  });

  it('a kink', () => {
    const found = segmentSeries([noise(200).map((y, i) => y + Math.max(0, i - 120) * 0.5)]);
    expect(found).toHaveLength(1);
    expect(Math.abs((found[0]?.index ?? 0) - 120)).toBeLessThanOrEqual(8);
    expect(found[0]?.name).toBe('kink');
  });

  it('a step in one of two channels', () => {
    const channels = [noise(200).map((y, i) => y + (i >= 90 ? 6 : 0)), noise(200, 0, 8)];
    expect(segmentSeries(channels).map(({ index }) => index)).toEqual([90]);
  });

  it('the same with samples missing, counted with them', () => {
    const values = noise(200).map((y, i) => (i % 5 === 2 ? null : y + (i >= 101 ? 6 : 0)));
    expect(segmentSeries([values]).map(({ index }) => index)).toEqual([101]);
  });

  it('the same in any unit', () => {
    const values = noise(200).map((y, i) => y + (i >= 80 ? 5 : 0));
    const scaled = values.map((y) => 1e9 + 1e6 * y);
    expect(segmentSeries([scaled]).map(({ index }) => index)).toEqual([80]);
  });

  it('a step under a season', () => {
    const values = noise(240).map((y, i) => y + 8 * Math.sin((2 * Math.PI * i) / 24) + (i >= 130 ? 6 : 0));
    const found = segmentSeries([values]);
    expect(found).toHaveLength(1);
    expect(Math.abs((found[0]?.index ?? 0) - 130)).toBeLessThanOrEqual(2);
  });

  it('a step in a long series, to the block', () => {
    const found = segmentSeries([noise(5_000).map((y, i) => y + (i >= 3_000 ? 3 : 0))]);
    expect(found).toHaveLength(1);
    expect(Math.abs((found[0]?.index ?? 0) - 3_000)).toBeLessThanOrEqual(3);
  });
});

describe('segmentSeries finds nothing in', () => {
  it.each([
    ['no series', []],
    ['an empty one', [[]]],
    ['one without samples', [new Array(50).fill(null)]],
    ['a constant one', [new Array(50).fill(0.1)]],
    ['a short one', [[1, 1, 1, 9, 9, 9]]],
  ] as const)('%s', (_name, channels) => {
    expect(segmentSeries(channels)).toEqual([]);
  });

  it('a series with short spikes', () => {
    const values = noise(200).map((y, i) => (i === 60 || i === 61 || i === 150 ? 60 : y));
    expect(segmentSeries([values])).toEqual([]);
  });

  it('a season alone', () => {
    const values = noise(240).map((y, i) => y + 8 * Math.sin((2 * Math.PI * i) / 24));
    expect(segmentSeries([values])).toEqual([]);
  });
});

describe('false changes of segmentSeries', () => {
  // Measured with 100 series each: 0.01, 0.00 and 0.05 of series, and 0.02 at phi 0.9 with 500 samples. Sixty samples
  // of phi 0.8 cannot be told from a change (0.5): hours of slow noise are no history.
  it.each([
    [60, 0, 0.05],
    [200, 0.5, 0.05],
    [200, 0.8, 0.15],
    [500, 0.8, 0.05],
  ])('in series of %i samples, phi %f: at most %f', (length, phi, atMost) => {
    const runs = runCount({ suite: 40, long: 400 });
    let found = 0;
    for (let seed = 1; seed <= runs; seed++) {
      if (segmentSeries([noise(length, phi, seed)]).length > 0) found++;
    }
    expect(found / runs).toBeLessThanOrEqual(atMost);
  });
});
