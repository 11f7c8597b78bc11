import { describe, expect, it } from 'vitest';
import type { ClockPairTally } from '../../../core/clock-pair-tally.ts';
import { randomFrom } from '../../../core/random-from.ts';
import { pairTally } from '../../../eval/simulators/clock-pair-of.ts';
import { simulatedCalls } from '../../../eval/simulators/simulated-calls.ts';
import { checkClockSkew } from '../../../validators/time/check-clock-skew.ts';
import { clockGraph, clockKey } from '../../../validators/time/clock-graph.ts';
import { NOW_MS } from '../tallies.ts';
import { clockTally } from './clock-tallies.ts';

const WINDOW_MS = 120_000;

/** Everybody calls whom `calls` names, 100 times, each by a clock that is off by `offsetsMs`. */
function talliesOf(
  offsetsMs: Readonly<Record<string, number>>,
  calls: readonly (readonly [string, string])[],
  random = randomFrom(3),
): ClockPairTally[] {
  return calls.map(([parent, child]) => {
    const skewMs = (offsetsMs[child] ?? 0) - (offsetsMs[parent] ?? 0);
    return pairTally(parent, child, simulatedCalls({ count: 100, skewMs, random, outlivingRatio: 0.01 }));
  });
}
const CHAIN = [
  ['a', 'b'],
  ['b', 'c'],
  ['c', 'd'],
  ['b', 'e'],
] as const;
const skewsOf = (offsetsMs: Record<string, number>, calls: readonly (readonly [string, string])[] = CHAIN) =>
  clockGraph(talliesOf(offsetsMs, calls), WINDOW_MS);
const check = (clock: string, skews: ReturnType<typeof skewsOf>, latenessMsLow = 20) =>
  checkClockSkew([clockTally({ instance: clock, latenessMsLow })], skews, NOW_MS);

describe('clockGraph', () => {
  it.each([20, 300, -300, 5_000, -5_000])(
    'blames the one clock that is off by %d ms, and nobody else',
    (offMs) => {
      const skews = skewsOf({ c: offMs });
      for (const clock of ['a', 'b', 'c', 'd', 'e']) {
        const { lower, upper } = skews.get(clockKey('t', clock))?.againstOthers ?? { lower: 1, upper: -1 };
        const truth = clock === 'c' ? offMs : 0;
        expect(lower).toBeLessThanOrEqual(truth);
        expect(upper).toBeGreaterThanOrEqual(truth);
      }
      const outcomes = ['a', 'b', 'c', 'd', 'e'].map((clock) => check(clock, skews)?.outcome);
      const c = Math.abs(offMs) > 1_000 ? 'fail' : Math.abs(offMs) > 100 ? 'unknown' : 'pass';
      expect(outcomes).toEqual(['pass', 'pass', c, 'pass', 'pass']);
    },
  );

  it('holds the truth of every clock in at least 99 % of runs, across several calls', () => {
    const random = randomFrom(19);
    let [held, all] = [0, 0];
    for (let run = 0; run < 200; run++) {
      const skews = clockGraph(talliesOf({ c: 300 }, CHAIN, random), WINDOW_MS);
      for (const [key, { againstOthers }] of skews) {
        const truth = key === clockKey('t', 'c') ? 300 : 0;
        all++;
        if (againstOthers !== null && againstOthers.lower <= truth && truth <= againstOthers.upper) held++;
      }
    }
    expect(all).toBe(1_000);
    expect(held / all).toBeGreaterThanOrEqual(0.99);
  });

  it('blames neither of two that differ, and says with whom', () => {
    const skews = skewsOf({ b: 2_000 }, [['a', 'b']]);
    expect(skews.get(clockKey('t', 'a'))?.againstOthers).toBeNull();
    const part = check('a', skews);
    expect(part).toMatchObject({ outcome: 'unknown', interval: null });
    expect(part?.reasons).toMatchObject([{ code: 'CLOCK_SKEW_UNATTRIBUTED' }]);
    expect(part?.reasons[0]?.text).toMatch(/that of b differ by at least 1\.9\d+ s, as in trace trace-1/);
  });

  it('passes two that agree', () => {
    const skews = skewsOf({}, [['a', 'b']]);
    expect(check('a', skews)?.outcome).toBe('pass');
  });

  it('lets our own clock decide between two, where one is ahead of it', () => {
    const skews = skewsOf({ b: 2_000 }, [['a', 'b']]);
    const part = check('b', skews, -1_980);
    expect(part).toMatchObject({ outcome: 'fail', evidence: { aheadOfOursMsMin: 1_980 } });
    expect(part?.reasons[0]?.text).toContain('is ahead of ours by at least 1.980 s');
  });

  it('does not mix tenants', () => {
    const [own] = talliesOf({}, [['a', 'b']]) as [ClockPairTally];
    const skews = clockGraph([own, { ...own, tenant: 'other' }], WINDOW_MS);
    expect([...skews.keys()]).toHaveLength(4);
    expect(skews.get(clockKey('t', 'a'))?.clocks).toBe(2);
  });

  it('gives no number where a clock was set, and keeps the others', () => {
    const random = randomFrom(5);
    const before = simulatedCalls({ count: 50, skewMs: 0, random });
    const after = simulatedCalls({ count: 50, skewMs: 1_500, random });
    const tallies = [
      ...talliesOf({}, [
        ['a', 'b'],
        ['b', 'd'],
      ]),
      pairTally('b', 'c', [...before, ...after]),
    ];
    const skews = clockGraph(tallies, WINDOW_MS);
    const part = check('c', skews);
    expect(part).toMatchObject({ outcome: 'unknown', interval: null, evidence: { steppedWith: ['b'] } });
    expect(part?.reasons).toMatchObject([{ code: 'CLOCK_STEP' }]);
    expect(check('a', skews)?.outcome).toBe('pass');
  });
});

describe('checkClockSkew', () => {
  it('knows nothing of a clock nobody calls, unless it is ahead of ours', () => {
    expect(check('alone', new Map())).toMatchObject({
      outcome: 'unknown',
      interval: null,
      reasons: [{ code: 'SKEW_UNBOUNDED' }],
    });
    const ahead = check('alone', new Map(), -1_500);
    expect(ahead).toMatchObject({
      outcome: 'fail',
      interval: { lower: 1.5, upper: Number.POSITIVE_INFINITY },
    });
    expect(check('alone', new Map(), -300)).toMatchObject({
      outcome: 'unknown',
      reasons: [{ code: 'CLOCK_SKEW' }],
    });
  });

  it('speaks of the worst instance', () => {
    const skews = skewsOf({ c: 5_000 });
    const part = checkClockSkew(
      ['a', 'c', 'd'].map((instance) => clockTally({ instance })),
      skews,
      NOW_MS,
    );
    expect(part).toMatchObject({ outcome: 'fail', evidence: { clock: 'c', instances: 3 } });
    expect(part?.reasons[0]?.text).toContain('The clock of c differs from most others by at least 4.');
  });

  it('reaches 2,000 clocks that hang together', () => {
    const names = Array.from({ length: 2_000 }, (_, i) => `n${i}`);
    const calls = names.slice(1).map((name, i) => [names[Math.floor(i / 3)] as string, name] as const);
    const tallies = talliesOf({}, calls);
    const skews = clockGraph(tallies, WINDOW_MS);
    expect(skews.size).toBe(2_000);
    expect(new Set([...skews.values()].map(({ clocks }) => clocks))).toEqual(new Set([2_000]));
  });
});
