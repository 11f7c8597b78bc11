import { describe, expect, it } from 'vitest';
import type { ServiceHistory } from '../../core/system-history.ts';
import { compareFrozen } from '../../detectors/equal-load/compare-frozen.ts';
import { freezeServices } from '../../detectors/equal-load/freeze-services.ts';
import { viewSystem } from '../../detectors/equal-load/system-view.ts';
import { warnOfReference } from '../../detectors/equal-load/warn-of-reference.ts';
import { historyWith } from './drift/make-history-settings.ts';

const MINUTES = 240;
const loads = Float64Array.from({ length: MINUTES }, (_, minute) => (minute < 120 ? 100 : 1_000));
const times = (ratio: number) => Float64Array.from(loads, (load) => ratio * (load === 100 ? 20 : 30));
const history = (series: ServiceHistory['series'], name = 'cart'): ServiceHistory => ({ name, series });

describe('freezeServices', () => {
  it('keeps by load what is known for an hour, and leaves out the rest', () => {
    const gaps = times(1).fill(Number.NaN, 120, 190); // 50 minutes are left at the higher load
    const frozen = freezeServices(
      [
        history({ requests: loads, p50Ms: gaps, version: loads, errors: new Float64Array(MINUTES) }),
        history({ p50Ms: times(1) }, 'without load'),
        history({}, 'unknown'),
      ],
      MINUTES,
    );
    expect(frozen).toEqual([
      {
        service: 'cart',
        metrics: [
          {
            metric: 'p50Ms',
            coverageRatio: 0.5,
            bins: [{ bin: 55, logMedian: 2.995732, logMad: 0, minutes: 120 }],
          },
        ],
      },
    ]);
  });

  it('gives residuals at equal load, after JSON, and none at loads it does not know', () => {
    const frozen = freezeServices(
      [history({ requests: loads.slice(0, 120), p50Ms: times(1).slice(0, 120) })],
      120,
    );
    const stored = JSON.parse(JSON.stringify(frozen)) as typeof frozen;
    // All of the history is later than what was accepted: none of its minutes can say what is normal.
    const later = historyWith({ cart: { requests: loads, p50Ms: times(1.1) } });
    const accepted = { fromMinute: -120, untilMinute: 0 };
    const residuals = viewSystem(later, accepted, { numbers: stored, levels: {} }).residuals('cart', 'p50Ms');
    expect(residuals?.[0]).toBeCloseTo(Math.log(1.1), 5);
    expect(residuals?.[200]).toBeNaN();
    expect(viewSystem(later, accepted, { levels: {} }).residuals('cart', 'p50Ms')).toBeNull();
  });
});

describe('versions within an accepted period', () => {
  const DAYS = 4 * 1_440;
  const since = (from: number, before: number, after: number) =>
    Float64Array.from({ length: DAYS }, (_, minute) => (minute < from ? before : after));
  const frozenOf = (of: { ms: readonly [number, number]; from: number; load?: number; change?: string }) => {
    const series = {
      requests: since(of.from, 100, of.load ?? 100),
      p50Ms: since(of.from, ...of.ms),
      ...(of.change === undefined ? { version: since(of.from, 1, 2) } : {}),
    };
    const change = { minute: of.from, service: 'cart', summary: '', expects: of.change ?? null };
    const bins = freezeServices([history(series)], DAYS, [change])[0]?.metrics[0]?.bins ?? [];
    return bins.map(({ logMedian, minutes }) => [Math.round(Math.exp(logMedian)), minutes]);
  };

  it.each([
    ['the last one alone where it is another service', { ms: [20, 30], from: 2_880 }, [[30, 2_880]]],
    [
      'so too after a change that people announced',
      { ms: [20, 30], from: 2_880, change: 'slower' },
      [[30, 2_880]],
    ],
    ['both where they do the same', { ms: [100, 102], from: 1_000 }, [[102, DAYS]]],
    [
      'both where the last one answered for less than a day',
      { ms: [20, 30], from: DAYS - 1_400 },
      [[20, DAYS]],
    ],
    [
      'both where they share no load: nobody knows whether they differ',
      { ms: [20, 30], from: 2_880, load: 1_000 },
      [
        [20, 2_880],
        [30, 2_880],
      ],
    ],
  ] as const)('freezes %s', (_, of, bins) => {
    expect(frozenOf(of)).toEqual(bins);
  });
});

describe('compareFrozen', () => {
  it('tells the ratio at equal load, and nothing where no load is shared', () => {
    const frozen = (of: ServiceHistory['series']) => {
      const metric = freezeServices([history(of)], MINUTES)[0]?.metrics[0];
      if (metric === undefined) throw new Error('nothing was frozen');
      return metric;
    };
    const before = frozen({ requests: loads, p50Ms: times(1) });
    const next = compareFrozen(frozen({ requests: loads, p50Ms: times(1.2) }), before);
    expect(next.sharedBins).toBe(2);
    expect(next.ratio).toBeCloseTo(1.2, 5);
    const elsewhere = frozen({ requests: loads.map((load) => 3 * load), p50Ms: times(1) });
    expect(compareFrozen(elsewhere, before)).toEqual({ sharedBins: 0, ratio: Number.NaN });
  });
});

describe('warnOfReference', () => {
  const day = (text: string) => Date.parse(`${text}T00:00:00Z`);
  const codesOf = (from: string, until: string) =>
    warnOfReference({
      fromMs: day(from),
      untilMs: day(until),
      serviceNames: [],
      numbers: [],
      versionCounts: new Map(),
      findings: [],
      failedData: [],
    }).map(({ code }) => code);

  it.each([
    ['2026-11-07', '2026-11-11', []], // Saturday to Wednesday
    ['2026-11-08', '2026-11-14', ['NO_WEEKEND']], // Sunday to Saturday
    ['2026-11-08', '2026-11-16', []],
    ['2026-11-07', '2026-11-09', ['SHORT_PERIOD']],
    ['2026-11-02', '2026-11-05', ['SHORT_PERIOD', 'NO_WEEKEND']],
  ])('of a period from %s until %s', (from, until, codes) => {
    expect(codesOf(from, until)).toEqual(codes);
  });
});
