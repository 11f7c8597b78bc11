import { describe, expect, test } from 'vitest';
import { randomFrom } from '../../../core/random-from.ts';
import { discoveryLimit } from '../../../detectors/statistics/discoveries.ts';
import { placeboRank } from '../../../detectors/statistics/placebo-rank.ts';
import { rateIncreaseP } from '../../../detectors/statistics/rate-increase-p.ts';
import { ratioInterval } from '../../../detectors/statistics/ratio-interval.ts';
import { runCount } from '../../run-count.ts';

const RUNS = runCount({ suite: 4000, long: 100_000 });

function poisson(mean: number, random: () => number): number {
  let k = 0;
  for (let product = random(); product > Math.exp(-mean); product *= random()) k++;
  return k;
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
}

describe('a rate that is no more than so many times the reference', () => {
  test.each([
    { rate: 20, ratio: 1, now: 1, reference: 1 },
    { rate: 20, ratio: 1, now: 0.1, reference: 5 },
    { rate: 5, ratio: 4, now: 2, reference: 8 },
    { rate: 40, ratio: 2, now: 3, reference: 0.5 },
  ])('is held against at the stated rate: %o', ({ rate, ratio, now, reference }) => {
    const random = randomFrom(7);
    let rejected = 0;
    for (let run = 0; run < RUNS; run++) {
      const p = rateIncreaseP(
        { events: poisson(ratio * rate * now, random), exposure: now },
        { events: poisson(rate * reference, random), exposure: reference },
        ratio,
      );
      if (p <= 0.05) rejected++;
    }
    expect(rejected / RUNS).toBeLessThanOrEqual(0.06);
    expect(rejected / RUNS).toBeGreaterThanOrEqual(0.02);
  });

  test('proves nothing where nothing could be counted, and little beside a short reference', () => {
    const five = { events: 5, exposure: 1 };
    expect(rateIncreaseP(five, { events: 0, exposure: 0 }, 1)).toBe(1);
    expect(rateIncreaseP({ events: 0, exposure: 0 }, five, 1)).toBe(1);
    expect(rateIncreaseP(five, { events: 0, exposure: 1 }, 1)).toBeCloseTo(0.5 ** 5, 12);
    expect(rateIncreaseP(five, { events: 0, exposure: 9 }, 1)).toBeCloseTo(0.1 ** 5, 12);
  });
});

describe('a rank among placebos', () => {
  test('is no smaller than it says where nothing happened', () => {
    const random = randomFrom(8);
    let small = 0;
    for (let run = 0; run < RUNS; run++) {
      if (
        placeboRank(
          normal(random),
          Array.from({ length: 19 }, () => normal(random)),
        ) <= 0.1
      )
        small++;
    }
    expect(small / RUNS).toBeGreaterThan(0.08);
    expect(small / RUNS).toBeLessThan(0.12);
  });

  test.each([
    ['none shows nothing', 3, [], 1],
    ['ties count against it', 2, [2, 2, 1], 3 / 4],
    ['what is not known is left out', 2, [Number.NaN, 1], 1 / 2],
    ['beyond all of them', 9, [1, 2, 3], 1 / 4],
  ])('%s', (_, statistic, placebos, p) => expect(placeboRank(statistic, placebos)).toBeCloseTo(p, 12));
});

test('of a family without anything to find hardly any is a discovery', () => {
  const random = randomFrom(9);
  let families = 0;
  for (let run = 0; run < RUNS; run++) {
    const pValues = Array.from({ length: 20 }, random);
    if (discoveryLimit(pValues, 20, 0.1) >= 0) families++;
  }
  expect(families / RUNS).toBeGreaterThan(0.08);
  expect(families / RUNS).toBeLessThan(0.12);
  expect(discoveryLimit([0.01, 0.02, 0.9], 3, 0.05)).toBe(0.02);
  expect(discoveryLimit([], 3, 0.05)).toBeLessThan(0);
});

test('the interval of a ratio covers it although neighbouring blocks differ by themselves', () => {
  const random = randomFrom(10);
  const runs = Math.ceil(RUNS / 10);
  let covered = 0;
  for (let run = 0; run < runs; run++) {
    const below = Array.from({ length: 24 }, () => 100 + 50 * random());
    const { lower, upper } = ratioInterval(
      below.map((n) => 2 * n * Math.exp(0.3 * normal(random) - 0.045)),
      below,
    );
    if (lower <= 2 && upper >= 2) covered++;
  }
  expect(covered / runs).toBeGreaterThan(0.89);
  expect(covered / runs).toBeLessThan(0.98);
  expect(ratioInterval([Number.NaN], [1]).estimate).toBeNaN();
});
