import { describe, expect, it } from 'vitest';
import { normalQuantile } from '../../../core/normal-quantile.ts';
import { randomFrom } from '../../../core/random-from.ts';
import type { PopulationSeries } from '../../../core/sampling/population-series.ts';
import {
  alignPopulation,
  alignWindow,
  mergeAligned,
} from '../../../validators/sampling/population/align-population.ts';
import { edgeDoubt } from '../../../validators/sampling/population/edge-doubt.ts';
import { findPopulations } from '../../../validators/sampling/population/find-populations.ts';
import type { Population } from '../../../validators/sampling/population/population.ts';
import { runCount } from '../../run-count.ts';
import { simulateCounter } from './simulated-counter.ts';

const START_MS = 1_700_000_000_000 - (1_700_000_000_000 % 60_000);
/** Thirteen minutes are read; ten are judged: a minute to the first reading, one to the last, one to choose from. */
const READ_MS = 780_000;
const ROW = { bucketMs: 10_000, fromMs: START_MS, untilMs: START_MS + 770_000, stepMs: 60_000 };

function populationOf(series: readonly PopulationSeries[]): Population {
  const found = findPopulations({ series, traced: [], spans: [], declared: [], fromMs: START_MS });
  return [...found.values()][0]?.[0] as Population;
}

interface Run {
  readonly seed: number;
  readonly exportMs: number;
  readonly perSecond: number;
  readonly p?: number;
  readonly lossRatio?: number;
  readonly instances?: number;
  readonly phaseMs?: number;
  readonly bucketMs?: number;
  readonly shape?: (timeMs: number) => number;
}

/** One look at ten minutes: what was counted, what is stored, and how far both may differ. */
function look(run: Run) {
  const random = randomFrom(run.seed);
  const p = run.p ?? 1;
  const instances = run.instances ?? 1;
  const shape = run.shape;
  const each = run.perSecond / instances;
  const counters = Array.from({ length: instances }, (_, i) =>
    simulateCounter({
      random,
      startMs: START_MS,
      durationMs: READ_MS,
      exportMs: run.exportMs,
      ...(run.phaseMs === undefined ? {} : { phaseMs: run.phaseMs }),
      perSecond: shape === undefined ? each : (timeMs) => each * shape(timeMs - START_MS),
      perSecondMax: each,
      instance: `pod-${i}`,
    }),
  );
  const population = populationOf(counters.map(({ series }) => series));
  const row = alignPopulation(population, { ...ROW, bucketMs: run.bucketMs ?? ROW.bucketMs });
  const window = mergeAligned(row.slice(-10));
  const inside = (timeMs: number) => timeMs >= window.startMs && timeMs < window.endMs;
  const truth = counters.reduce((sum, { endsMs }) => sum + endsMs.filter(inside).length, 0);
  const kept = p * (1 - (run.lossRatio ?? 0));
  let stored = 0;
  for (let i = 0; i < truth; i++) if (random() < kept) stored++;
  const edge = window.startVariance + window.endVariance;
  return {
    row,
    window,
    truth,
    /** Of the count alone, in standard deviations. */
    error: window.requests - truth,
    edge,
    ratio: stored / p / window.requests,
    deviation: Math.sqrt((window.requests * (1 - p)) / p + edge) / window.requests,
  };
}

/** Edges are told apart from it, so half a percent is left for what nobody counts. */
const EDGES_TOLD = 0.005;
const Z = -normalQuantile(1e-6 / 2);
/** As c3 would: the interval of Y / N lies outside 1 +- tau. */
const isFailed = ({ ratio, deviation }: ReturnType<typeof look>, tau: number) =>
  Math.abs(ratio - 1) - tau > Z * deviation;
/** In the suite a third of so many. */
const seeds = (count: number) =>
  Array.from({ length: runCount({ suite: Math.ceil(count / 3), long: count }) }, (_, i) => i * 7_919 + 1);

describe('alignPopulation', () => {
  const EXPORTS = [5_000, 10_000, 30_000, 60_000];
  const RATES = [1, 20, 500];

  it.each(EXPORTS.flatMap((exportMs) => RATES.map((perSecond) => [exportMs, perSecond] as const)))(
    'counts without bias and within the error it states: a reading each %d ms, %d requests a second',
    (exportMs, perSecond) => {
      const count = perSecond === 500 ? 20 : 150;
      const looks = seeds(count).map((seed) => look({ seed, exportMs, perSecond }));
      for (const { row, window } of looks) {
        expect(row.length).toBeGreaterThanOrEqual(10);
        expect(window.endMs - window.startMs).toBe(600_000);
        expect(row.every(({ startMs, endMs }) => startMs % 10_000 === 0 && endMs % 10_000 === 0)).toBe(true);
      }
      const scores = looks.map(({ error, edge }) => error / Math.sqrt(edge + 1 / 6));
      const mean = scores.reduce((sum, score) => sum + score, 0) / looks.length;
      const square = scores.reduce((sum, score) => sum + score ** 2, 0) / looks.length;
      // Six standard deviations of a mean and of a mean square.
      expect(Math.abs(mean)).toBeLessThan(6 / Math.sqrt(looks.length));
      expect(square).toBeLessThan(1 + 6 * Math.sqrt(2 / looks.length));
      expect(looks.filter((one) => isFailed(one, 0))).toEqual([]);
    },
  );

  it.each([0.1, 0.01])('does not fail a true rate of %d, even without tolerance', (p) => {
    for (const exportMs of EXPORTS) {
      const looks = seeds(60).map((seed) => look({ seed, exportMs, perSecond: 20, p }));
      expect(looks.filter((one) => isFailed(one, 0))).toEqual([]);
      const scores = looks.map(({ ratio, deviation }) => (ratio - 1) / deviation);
      const square = scores.reduce((sum, score) => sum + score ** 2, 0) / scores.length;
      expect(square).toBeLessThan(1 + 6 * Math.sqrt(2 / scores.length));
      expect(square).toBeGreaterThan(1 - 6 * Math.sqrt(2 / scores.length));
    }
  });

  it.each(EXPORTS)(
    'fails 3 of 100 lost at p = 1 within ten minutes of 20 a second: a reading each %d ms',
    (exportMs) => {
      const looks = seeds(60).map((seed) => look({ seed, exportMs, perSecond: 20, lossRatio: 0.03 }));
      expect(looks.filter((one) => isFailed(one, EDGES_TOLD)).length).toBe(looks.length);
    },
  );

  it('fits several processes that report at moments of their own', () => {
    const looks = seeds(60).map((seed) => look({ seed, exportMs: 60_000, perSecond: 40, instances: 5 }));
    const square = looks.reduce((sum, { error, edge }) => sum + error ** 2 / edge, 0) / looks.length;
    expect(square).toBeLessThan(1 + 6 * Math.sqrt(2 / looks.length));
    expect(looks.filter((one) => isFailed(one, 0))).toEqual([]);
  });

  it.each([
    ['a step', (ms: number) => (ms < 650_000 ? 0.1 : 1)],
    ['a step at the start', (ms: number) => (ms < 100_000 ? 1 : 0.1)],
    ['a ramp', (ms: number) => ms / READ_MS],
    ['a wave of three minutes', (ms: number) => 0.5 + 0.5 * Math.sin(ms / 28_648)],
    ['a burst each minute', (ms: number) => (ms % 60_000 < 10_000 ? 1 : 0.1)],
  ])('states a larger error where the rate changes: %s', (_name, shape) => {
    for (const exportMs of [10_000, 60_000]) {
      for (const instances of [1, 4]) {
        const looks = seeds(30).map((seed) => look({ seed, exportMs, perSecond: 60, shape, instances }));
        expect(looks.filter((one) => isFailed(one, EDGES_TOLD)).map((one) => ({ ...one, row: 0 }))).toEqual(
          [],
        );
      }
    }
  });
});

describe('edgeDoubt', () => {
  const ALPHA = 1e-9;
  const isBeyond = ({ ratio, window }: ReturnType<typeof look>) =>
    Math.abs(ratio - 1) > EDGES_TOLD + edgeDoubt(window, ALPHA) / window.requests;

  // At worst: whole minutes, and readings each minute, half way between.
  it.each([1, 20])('never fails all that is kept, by whole minutes at %d a second', (perSecond) => {
    for (const exportMs of [5_000, 30_000, 60_000]) {
      const looks = seeds(100).map((seed) =>
        look({ seed, exportMs, perSecond, bucketMs: 60_000, phaseMs: exportMs / 2 }),
      );
      expect(looks.filter(isBeyond)).toEqual([]);
    }
  });

  it('fails 3 of 100 lost within ten whole minutes of 20 a second', () => {
    const looks = seeds(100).map((seed) =>
      look({ seed, exportMs: 60_000, perSecond: 20, lossRatio: 0.03, bucketMs: 60_000, phaseMs: 30_000 }),
    );
    expect(looks.filter(isBeyond)).toHaveLength(looks.length);
  });

  it('leaves one request in doubt where all else is certain', () => {
    const { window } = look({ seed: 1, exportMs: 60_000, perSecond: 1, phaseMs: 0, bucketMs: 60_000 });
    expect(edgeDoubt(window, ALPHA)).toBe(1);
  });
});

describe('alignWindow', () => {
  const of = (
    temporality: 'cumulative' | 'delta',
    points: readonly (readonly [number, number, number])[],
  ) => ({
    ...simulateCounter({ random: randomFrom(1), startMs: START_MS, durationMs: 0, exportMs: 1, perSecond: 1 })
      .series,
    temporality,
    epochMs: temporality === 'delta' ? null : START_MS - 3_600_000,
    points: points.map(([atS, value, startS]) => ({
      timeMs: START_MS + atS * 1_000,
      startMs: START_MS + startS * 1_000,
      counts: [value],
    })),
  });
  const old = -3_600;
  const between = (series: readonly PopulationSeries[], startS: number, endS: number) =>
    alignWindow(populationOf(series), { startMs: START_MS + startS * 1_000, endMs: START_MS + endS * 1_000 });

  it('is exact between readings, and shares out what lies between two', () => {
    const series = of('cumulative', [[10, 100, old], [20, 130, old], [30, 170, old], [40, 200, old]]); // biome-ignore format: a table
    expect(between([series], 10, 30)).toMatchObject({ requests: 70, startVariance: 0, endVariance: 0 });
    const shared = between([series], 10, 25);
    expect(shared).toMatchObject({ requests: 50, startVariance: 0, errors: 0, byDuration: null });
    expect(shared?.endVariance).toBeCloseTo(10, 10);
    expect(between([series], 20, 41)).toBe(null);
    expect(between([series], 9, 30)).toBe(null);
  });

  it('reads deltas alike, and knows a report that is missing', () => {
    const whole = of('delta', [[10, 9, 0], [20, 30, 10], [30, 40, 20], [40, 30, 30]]); // biome-ignore format: a table
    expect(between([whole], 10, 40)?.requests).toBe(100);
    const torn = of('delta', [[10, 9, 0], [20, 30, 10], [40, 30, 30], [50, 30, 40], [60, 30, 50]]); // biome-ignore format: a table
    expect(between([torn], 10, 50)).toBe(null);
    expect(between([torn], 40, 60)?.requests).toBe(60);
  });

  it('does not speak of a time in which a process began again, and of all others', () => {
    const fell = of('cumulative', [[10, 100, old], [20, 130, old], [30, 7, old], [40, 17, old], [50, 27, old]]); // biome-ignore format: a table
    expect(between([fell], 10, 40)).toBe(null);
    expect(between([fell], 30, 50)?.requests).toBe(20);
    const first = of('cumulative', [[10, 100, old], [20, 130, old]]); // biome-ignore format: a table
    const second = { ...of('cumulative', [[30, 5, 24], [40, 15, 24], [50, 25, 24]]), epochMs: START_MS + 24_000 }; // biome-ignore format: a table
    expect(between([first, second], 10, 40)).toBe(null);
    expect(between([first, second], 30, 50)?.requests).toBe(20);
  });

  it('counts a process from its first event, and one that ended up to its last report, saying what is open', () => {
    const lives = of('cumulative', Array.from({ length: 13 }, (_, i) => [i * 10, i * 50, old] as const)); // biome-ignore format: a table
    const pod = (id: string, one: PopulationSeries) => ({
      ...one,
      instance: { ...one.instance, serviceInstanceId: id },
    });
    const born = pod('b', { ...of('cumulative', [[60, 30, 52], [70, 40, 52], [80, 50, 52], [90, 60, 52], [100, 70, 52], [110, 80, 52], [120, 90, 52]]), epochMs: START_MS + 52_000 }); // biome-ignore format: a table
    expect(between([lives, born], 0, 120)).toMatchObject({ requests: 690, endVariance: 0 });
    const killed = pod('c', of('cumulative', [[0, 0, old], [10, 60, old], [20, 120, old], [30, 180, old]])); // biome-ignore format: a table
    expect(between([lives, killed], 0, 120)).toMatchObject({ requests: 780, endVariance: 1_200 });
    const flushed = pod('c', of('cumulative', [[0, 0, old], [10, 60, old], [20, 120, old], [24, 140, old]])); // biome-ignore format: a table
    expect(between([lives, flushed], 0, 120)).toMatchObject({ requests: 740, endVariance: 0 });
  });
});

describe('mergeAligned', () => {
  it('adds neighbours and keeps the outer edges; refuses gaps', () => {
    const { row, window } = look({ seed: 5, exportMs: 30_000, perSecond: 20 });
    const ten = row.slice(-10);
    expect(window.requests).toBe(ten.reduce((sum, { requests }) => sum + requests, 0));
    expect(window.startVariance).toBe(ten[0]?.startVariance);
    expect(window.endVariance).toBe(ten[9]?.endVariance);
    expect(() => mergeAligned([])).toThrow(RangeError);
    expect(() => mergeAligned(ten.filter((_, i) => i !== 4))).toThrow('window 4 does not begin');
  });
});
