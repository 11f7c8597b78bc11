import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineLosses } from '../../validators/combine-losses.ts';
import type { LossEstimate } from '../../validators/loss-estimate.ts';

const LIMITS = { warn: 0.01, fail: 0.05 };
const VETO = { code: 'PARENTS_LATE', text: 'late' };

function estimateOf(of: {
  id?: string;
  kind?: LossEstimate['kind'];
  /** estimate, lower, upper */
  interval: readonly [number, number, number] | null;
  veto?: LossEstimate['veto'];
}): LossEstimate {
  const [estimate, lower, upper] = of.interval ?? [0, 0, 0];
  const window = {
    interval: of.interval === null ? null : { estimate, lower, upper },
    n: 1_000,
    startMs: 0,
    endMs: 40_000,
    mayPass: true,
  };
  return {
    id: of.id ?? 'one',
    kind: of.kind ?? 'graph',
    fast: window,
    slow: window,
    veto: of.veto ?? null,
    blame: null,
    exampleTraceIds: [],
    evidence: {},
  };
}

const CLEAN = [0, 0, 0.004] as const;
const LOSSY = [0.2, 0.15, 0.25] as const;
const SOME = [0.03, 0.02, 0.045] as const;
const WIDE = [0.02, 0, 0.3] as const;

describe('combineLosses', () => {
  it.each([
    ['nothing', [], 'unknown'],
    ['one that is clean', [estimateOf({ interval: CLEAN })], 'pass'],
    ['one that is lossy', [estimateOf({ interval: LOSSY })], 'fail'],
    ['one that knows little', [estimateOf({ interval: WIDE })], 'unknown'],
    ['one that knows nothing', [estimateOf({ interval: null })], 'unknown'],
    ['one that may not count', [estimateOf({ interval: LOSSY, veto: VETO })], 'unknown'],
    ['clean and ignorant', [estimateOf({ interval: CLEAN }), estimateOf({ interval: WIDE })], 'pass'],
    ['clean and lossy', [estimateOf({ interval: CLEAN }), estimateOf({ interval: LOSSY })], 'fail'],
    [
      'clean and lossy between the limits',
      [estimateOf({ interval: CLEAN }), estimateOf({ interval: SOME })],
      'unknown',
    ],
    [
      'clean and vetoed lossy',
      [estimateOf({ interval: CLEAN }), estimateOf({ interval: LOSSY, veto: VETO })],
      'pass',
    ],
  ] as const)('%s', (_name, estimates, outcome) => {
    expect(combineLosses(estimates, LIMITS).outcome).toBe(outcome);
  });

  it('says whether a pass rests on two kinds', () => {
    const graph = estimateOf({ kind: 'graph', interval: CLEAN });
    const counter = estimateOf({ id: 'two', kind: 'counter', interval: CLEAN });
    expect(combineLosses([graph], LIMITS).isIndependent).toBe(false);
    expect(combineLosses([graph, { ...graph, id: 'two' }], LIMITS).isIndependent).toBe(false);
    expect(combineLosses([graph, counter], LIMITS).isIndependent).toBe(true);
  });

  it.each([
    ['counter', 'graph', 'between the exporter and us'],
    ['graph', 'counter', 'sampler or filter'],
  ] as const)('tells what it means that the %s is clean and the %s is not', (clean, lossy, meaning) => {
    const { disagreement } = combineLosses(
      [estimateOf({ kind: clean, interval: CLEAN }), estimateOf({ id: 'two', kind: lossy, interval: LOSSY })],
      LIMITS,
    );
    expect(disagreement?.text).toContain(meaning);
  });

  describe('a loss that is over', () => {
    const windows = (
      kind: LossEstimate['kind'],
      of: Readonly<Record<'fast' | 'slow', readonly [number, number, number]>> & {
        readonly recent?: readonly [number, number, number] | null;
      },
    ): LossEstimate => {
      const windowOf = (interval: readonly [number, number, number] | null) => estimateOf({ interval }).fast;
      const { recent } = of;
      return {
        ...estimateOf({ id: kind, kind, interval: of.fast }),
        slow: windowOf(of.slow),
        ...(recent === undefined ? {} : { recent: windowOf(recent) }),
      };
    };
    const PAST = [0.04, 0.02, 0.1] as const;
    const LAGGING = [0.09, 0.003, 0.32] as const;
    const sawIt = windows('graph', { fast: CLEAN, slow: PAST });
    const neverSawIt = windows('graph', { fast: CLEAN, slow: CLEAN });

    it.each([
      [
        'both saw it, and who lags sees no more',
        [sawIt, windows('counter', { fast: LAGGING, slow: PAST, recent: CLEAN })],
        'pass',
      ],
      [
        'who passes never saw it',
        [neverSawIt, windows('counter', { fast: LAGGING, slow: PAST, recent: CLEAN })],
        'unknown',
      ],
      [
        'who lags still sees it',
        [sawIt, windows('counter', { fast: LAGGING, slow: PAST, recent: LAGGING })],
        'unknown',
      ],
      [
        'who lags cannot say',
        [sawIt, windows('counter', { fast: LAGGING, slow: PAST, recent: null })],
        'unknown',
      ],
      [
        'who does not lag still sees it',
        [sawIt, windows('counter', { fast: LAGGING, slow: PAST })],
        'unknown',
      ],
      [
        'ten minutes remember it, the last one does not',
        [sawIt, windows('counter', { fast: [0, 0, 0.3], slow: PAST })],
        'pass',
      ],
      [
        'ten minutes remember what the other never saw',
        [neverSawIt, windows('counter', { fast: [0, 0, 0.3], slow: PAST })],
        'unknown',
      ],
      [
        'it is one of the same kind',
        [sawIt, windows('graph', { fast: LAGGING, slow: PAST, recent: CLEAN })],
        'unknown',
      ],
      [
        'who lags is sure that it failed',
        [sawIt, windows('counter', { fast: LOSSY, slow: PAST, recent: CLEAN })],
        'fail',
      ],
    ] as const)('%s', (_, estimates, outcome) => {
      expect(combineLosses(estimates, LIMITS).outcome).toBe(outcome);
      expect(combineLosses(estimates.toReversed(), LIMITS).outcome).toBe(outcome);
    });
  });

  it('carries the numbers of the surest loss, and of the widest pass', () => {
    const [little, much] = [
      estimateOf({ interval: [0.1, 0.06, 0.2] }),
      estimateOf({ id: 'two', interval: LOSSY }),
    ];
    expect(combineLosses([little, much], LIMITS).decisive?.estimate.id).toBe('two');
    const [narrow, wide] = [
      estimateOf({ interval: CLEAN }),
      estimateOf({ id: 'two', interval: [0, 0, 0.009] }),
    ];
    expect(combineLosses([narrow, wide], LIMITS).decisive?.estimate.id).toBe('two');
  });

  const anyEstimate = fc
    .record({
      ends: fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      kind: fc.constantFrom('graph', 'counter', 'direct'),
      veto: fc.constantFrom(null, null, VETO),
    })
    .map(({ ends, share, kind, veto }) => {
      const [lower, upper] = ends.toSorted((a, b) => a - b) as [number, number];
      return estimateOf({ kind, veto, interval: [lower + share * (upper - lower), lower, upper] });
    });

  it('never passes what one that counts is sure is lost, and never fails by one that does not count', () => {
    fc.assert(
      fc.property(fc.array(anyEstimate, { maxLength: 6 }), (estimates) => {
        const { outcome } = combineLosses(estimates, LIMITS);
        const lowers = estimates
          .filter(({ veto }) => veto === null)
          .map(({ fast }) => fast.interval?.lower ?? 0);
        expect(outcome === 'pass' && lowers.some((lower) => lower > LIMITS.warn)).toBe(false);
        expect(outcome === 'fail').toBe(lowers.some((lower) => lower > LIMITS.fail));
        expect(combineLosses(estimates.toReversed(), LIMITS).outcome).toBe(outcome);
      }),
      { numRuns: 300 },
    );
  });
});
