import { describe, expect, it } from 'vitest';
import { normalUpperTail } from '../../../core/normal-tail.ts';
import { randomFrom } from '../../../core/random-from.ts';
import { eDiscoveryLimit, eValueOfP } from '../../../detectors/statistics/e-discoveries.ts';
import { runCount } from '../../run-count.ts';

const FAMILY = 100;
const RATE = 0.1;
const RUNS = runCount({ suite: 1_000, long: 20_000 });

const normal = (random: () => number) =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Normal scores of a family of which the first few are beyond chance. */
const SCORES: readonly [string, (random: () => number) => number[]][] = [
  ['independent', (random) => Array.from({ length: FAMILY }, () => normal(random))],
  [
    'alike',
    (random) => {
      const common = normal(random);
      return Array.from({ length: FAMILY }, () => Math.sqrt(0.9) * common + Math.sqrt(0.1) * normal(random));
    },
  ],
  [
    'opposed',
    (random) => {
      const common = normal(random);
      return Array.from({ length: FAMILY }, (_, i) => (i % 2 === 0 ? common : -common));
    },
  ],
];

/** Mean share of false discoveries, and of what was found. */
function discover(draw: (random: () => number) => number[], signals: number, shift: number) {
  const random = randomFrom(11);
  let [falseShare, found] = [0, 0];
  for (let run = 0; run < RUNS; run++) {
    const eValues = draw(random).map((z, i) => eValueOfP(normalUpperTail(z + (i < signals ? shift : 0))));
    const limit = eDiscoveryLimit(eValues, FAMILY, RATE);
    const discoveries = eValues.flatMap((e, i) => (e >= limit ? [i] : []));
    falseShare += discoveries.filter((i) => i >= signals).length / Math.max(1, discoveries.length) / RUNS;
    found += discoveries.filter((i) => i < signals).length / Math.max(1, signals) / RUNS;
  }
  return { falseShare, found };
}

describe('eDiscoveryLimit', () => {
  it.each(SCORES)(
    'holds its rate of false discoveries among %s scores, with and without true ones',
    (_, draw) => {
      expect(discover(draw, 0, 0).falseShare).toBeLessThanOrEqual(RATE);
      expect(discover(draw, 5, 4).falseShare).toBeLessThanOrEqual(RATE);
    },
  );

  it('finds what is far beyond chance', () => {
    for (const [, draw] of SCORES) expect(discover(draw, 5, 8).found).toBeGreaterThan(0.95);
  });

  it('is the smallest that is large enough for its rank', () => {
    expect(eDiscoveryLimit([40, 100, 20, 1], 4, 0.1)).toBe(20); // 4 / (3 * 0.1) = 13.3
    expect(eDiscoveryLimit([30, 1], 4, 0.1)).toBe(Infinity);
    expect(eDiscoveryLimit([Infinity], 4, 0.1)).toBe(Infinity);
    expect(eDiscoveryLimit([], 4, 0.1)).toBe(Infinity);
  });
});

describe('eValueOfP', () => {
  it('has a mean of no more than 1 where nothing is true', () => {
    // The mean over a fine grid of p, from below.
    const n = 1_000_000;
    let sum = 0;
    for (let i = 1; i <= n; i++) sum += eValueOfP(i / n) / n;
    expect(sum).toBeLessThanOrEqual(1);
    expect(sum).toBeGreaterThan(0.99);
  });
});
