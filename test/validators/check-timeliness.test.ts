import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SourceExpectation } from '../../core/expectation.ts';
import type { Signal } from '../../core/signal.ts';
import type { SourceTally } from '../../core/source-tally.ts';
import { checkTimeliness } from '../../validators/check-timeliness.ts';
import { arrivals, NOW_MS, sourceOf, steadily, twice } from './tallies.ts';

function check(
  tallies: readonly SourceTally[],
  options: { signal?: Signal; expectation?: SourceExpectation; nowMs?: number } = {},
) {
  const source = sourceOf(options.signal ?? 'traces');
  return checkTimeliness({ source, tallies }, options.expectation ?? null, options.nowMs ?? NOW_MS);
}

const codesOf = (verdict: ReturnType<typeof check>) => verdict?.reasons.map((reason) => reason.code);

describe('checkTimeliness', () => {
  it('passes a lively source, with the numbers of the worse estimator', () => {
    const verdict = check([arrivals({ agoMs: 1_000, latenessMs: 2_000, count: 500 })]);
    expect(verdict).toMatchObject({ outcome: 'pass', unit: 's', dimension: 'timeliness', reasons: [] });
    expect(verdict?.validUntilMs).toBe(NOW_MS + 15_000);
    expect(verdict?.estimators.map((one) => one.id)).toEqual(['freshness', 'lateness-45s', 'lateness-10m']);
    expect(verdict?.estimate).toBe(3); // one second since arrival, two before it
  });

  it('widens lateness to the edges of its bin', () => {
    const two = arrivals({ agoMs: 500, latenessMs: 2_000, count: 500 });
    const verdict = check([
      two,
      { ...two, latenessMsMin: 1_500, latenessMsMax: 2_200, items: 0, latenessBins: new Map() },
    ]);
    const [lower, upper] = [verdict?.estimators[1]?.lower ?? 0, verdict?.estimators[1]?.upper ?? 0];
    expect(lower).toBeLessThan(2);
    expect(upper).toBeGreaterThan(2);
    expect(upper / lower).toBeCloseTo(2 ** (1 / 8), 2);
  });

  it.each([
    ['late', { agoMs: 1_000, latenessMs: 80_000, count: 500 }, 'fail', 'LATE'],
    ['between the limits', { agoMs: 1_000, latenessMs: 30_000, count: 500 }, 'unknown', 'LATENESS_UNDECIDED'],
    ['too few to say', { agoMs: 1_000, latenessMs: 100, count: 20 }, 'unknown', 'TOO_FEW'],
    ['too few for a p99', { agoMs: 1_000, latenessMs: 100, count: 300 }, 'unknown', 'TOO_FEW'],
    ['a backlog that still arrives', { agoMs: 1_000, latenessMs: 90_000, count: 20 }, 'fail', 'STALE'],
    ['of the future', { agoMs: 1_000, latenessMs: -5_000, count: 500 }, 'pass', 'CLOCK_AHEAD'],
  ] as const)('%s', (_name, arrived, outcome, code) => {
    const verdict = check(twice(arrived));
    expect(verdict?.outcome).toBe(outcome);
    expect(codesOf(verdict)).toContain(code);
  });

  it.each([
    ['for a minute and more', 90_000, 'fail'],
    ['not yet for a minute', 55_000, 'unknown'],
  ] as const)('steady, then silent %s', (_name, agoMs, outcome) => {
    const verdict = check(steadily({ agoMs, latenessMs: 100, count: 500 }));
    expect(verdict?.outcome).toBe(outcome);
    expect(codesOf(verdict)).toContain('SILENT');
  });

  it('does not fail a job that ran half a minute, however long it rests', () => {
    const ran = steadily({ agoMs: 0, latenessMs: 100, count: 500 }).slice(0, 6);
    for (const restMs of [61_000, 120_000, 300_000, 599_000])
      expect(check(ran, { nowMs: NOW_MS + restMs })?.outcome).toBe('unknown');
  });

  it('a future stamp does not hide a silence', () => {
    const verdict = check(steadily({ agoMs: 90_000, latenessMs: -3_600_000, count: 500 }));
    expect(verdict?.outcome).toBe('fail');
    expect(verdict?.estimate).toBe(90);
    expect(verdict?.evidence).toMatchObject({ aheadOfOurClock: 20_000, latenessMsMin: -3_600_000 });
  });

  it('a source silent for more than ten minutes is gone', () => {
    const old = steadily({ agoMs: 0, latenessMs: 100, count: 500 });
    expect(check(old, { nowMs: NOW_MS + 300_000 })?.outcome).toBe('fail');
    expect(check(old, { nowMs: NOW_MS + 599_000 })?.outcome).toBe('unknown');
    expect(check(old, { nowMs: NOW_MS + 600_001 })).toBeNull();
    expect(check([])).toBeNull();
  });

  it('passes a slow exporter by its ten minutes', () => {
    const slow = Array.from({ length: 20 }, (_, i) =>
      arrivals({ agoMs: 2_000 + 30_000 * i, latenessMs: 4_000, count: 20 }),
    );
    const verdict = check(slow);
    expect(verdict?.outcome).toBe('pass');
    expect(verdict?.estimators[1]?.upper).toBeNull();
  });

  it('has recovered as soon as the fast window has', () => {
    const before = arrivals({ agoMs: 60_000, latenessMs: 80_000, count: 1_000 });
    const after = arrivals({ agoMs: 1_000, latenessMs: 100, count: 1_000 });
    expect(check([before, after])?.outcome).toBe('pass');
  });

  it('judges by what people wrote', () => {
    const expectation: SourceExpectation = {
      constraint: 'checkout/traces',
      serviceName: 'checkout',
      signal: 'traces',
      limits: { timeliness: { warn: 1, fail: 1 } },
      latenessQuantile: 0.5,
      counter: null,
    };
    const mixed = [
      arrivals({ agoMs: 100, latenessMs: 200, count: 80 }),
      arrivals({ agoMs: 100, latenessMs: 9_000, count: 30 }),
    ];
    expect(check(mixed, { expectation })?.outcome).toBe('pass');
    expect(check(mixed, { expectation: { ...expectation, latenessQuantile: 0.9 } })?.outcome).toBe('fail');
  });

  const visits = (everyMs: number, newestAgoMs: number) =>
    Array.from({ length: Math.floor((590_000 - newestAgoMs) / everyMs) + 1 }, (_, i) =>
      arrivals({ agoMs: newestAgoMs + i * everyMs, latenessMs: 50, count: 100 }),
    );

  it.each([
    ['asked every two minutes, silent for one and a half', visits(120_000, 90_000), 'unknown', 345],
    ['asked every minute, silent for seven', visits(60_000, 400_000), 'unknown', 165],
    ['busy, silent for one and a half minutes', visits(5_000, 90_000), 'fail', 60],
    ['asked once', visits(1_000_000, 90_000), 'unknown', 60],
  ] as const)('a service %s', (_name, tallies, outcome, fail) => {
    const verdict = check(tallies);
    expect(verdict?.outcome).toBe(outcome);
    expect(verdict?.limits).toEqual({ warn: 15, fail });
  });

  const reports = (intervalMs: number, newestAgoMs: number) =>
    Array.from({ length: Math.floor((590_000 - newestAgoMs) / intervalMs) + 1 }, (_, i) =>
      arrivals({ signal: 'metrics', agoMs: newestAgoMs + i * intervalMs, latenessMs: 50, count: 400 }),
    );

  it.each([
    ['on time at 60 s', reports(60_000, 58_000), 'pass', 120],
    ['one report missed', reports(60_000, 130_000), 'unknown', 120],
    ['three reports missed', reports(60_000, 200_000), 'fail', 120],
    ['on time at 5 s', reports(5_000, 4_000), 'pass', 15],
    ['stopped at 5 s', reports(5_000, 70_000), 'fail', 15],
    ['a single report, on time by the default', reports(1_000_000, 100_000), 'pass', 120],
    ['a single report, long ago', reports(1_000_000, 300_000), 'unknown', 120],
  ] as const)('metrics %s', (_name, tallies, outcome, warn) => {
    const verdict = check(tallies, { signal: 'metrics' });
    expect(verdict?.outcome).toBe(outcome);
    expect(verdict?.limits.warn).toBe(warn);
  });

  it('names the longest silent instances', () => {
    const verdict = check([
      arrivals({ agoMs: 1_000, latenessMs: 10, count: 500, instance: 'alive' }),
      arrivals({ agoMs: 300_000, latenessMs: 10, count: 5, instance: 'dead' }),
    ]);
    expect(verdict?.outcome).toBe('pass');
    expect(verdict?.evidence).toMatchObject({
      instanceCount: 2,
      instances: [{ id: 'dead' }, { id: 'alive' }],
    });
  });

  it("takes a pass away by a part that is sure, in that part's unit, and leaves the others theirs", () => {
    const tallies = steadily({ agoMs: 500, latenessMs: 100, count: 500 });
    const part = {
      id: 'late-share',
      outcome: 'fail',
      interval: { estimate: 0.3, lower: 0.2, upper: 0.4 },
      n: 900,
      limits: { warn: 0.01, fail: 0.05 },
      window: { startMs: NOW_MS - 60_000, endMs: NOW_MS },
      reasons: [{ code: 'LATE_SHARE', text: 'late' }],
      evidence: {},
    } as const;
    const source = sourceOf('traces');
    const late = checkTimeliness({ source, tallies, parts: [part] }, null, NOW_MS);
    expect(late).toMatchObject({
      outcome: 'fail',
      unit: 'ratio',
      estimate: 0.3,
      evidence: { decidedBy: 'late-share' },
    });
    expect(late?.estimators.map(({ id, unit }) => [id, unit])).toEqual([
      ['freshness', 's'],
      ['lateness-45s', 's'],
      ['lateness-10m', 's'],
      ['late-share', 'ratio'],
    ]);
    const unsure = { ...part, outcome: 'unknown', interval: { estimate: 0, lower: 0, upper: 0.4 } } as const;
    expect(checkTimeliness({ source, tallies, parts: [unsure] }, null, NOW_MS)?.outcome).toBe('pass');
    const surelyAbove = {
      ...part,
      outcome: 'unknown',
      interval: { estimate: 0.04, lower: 0.02, upper: 0.06 },
    } as const;
    expect(checkTimeliness({ source, tallies, parts: [surelyAbove] }, null, NOW_MS)?.outcome).toBe('unknown');
  });

  it('says the same however its tallies are split and ordered', () => {
    const part = fc.record({
      agoMs: fc.integer({ min: 0, max: 599_000 }),
      latenessMs: fc.integer({ min: -1_000, max: 100_000 }),
      count: fc.integer({ min: 1, max: 400 }),
      instance: fc.constantFrom('a', 'b'),
    });
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 12 }),
        fc.infiniteStream(fc.nat(400)),
        (parts, cuts) => {
          const whole = parts.map(arrivals);
          const split = parts.flatMap((one) => {
            const left = Math.min(one.count, cuts.next().value as number);
            return [left, one.count - left]
              .filter((count) => count > 0)
              .map((count) => arrivals({ ...one, count }));
          });
          expect(check(split.reverse())).toEqual(check(whole));
        },
      ),
      { numRuns: 300 },
    );
  });
});
