import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EdgeTally } from '../../core/edge-tally.ts';
import type { LocalEdgeTally } from '../../core/local-edge-tally.ts';
import type { OpenParents } from '../../core/open-parents.ts';
import type { SamplingTally } from '../../core/sampling-tally.ts';
import { serviceKey } from '../../core/service-key.ts';
import type { SourceTally } from '../../core/source-tally.ts';
import { type Call, edgesOfShop, type Loss, serviceOf } from '../../eval/simulators/shop-of-edges.ts';
import { COMPLETENESS_LIMITS, checkCompleteness } from '../../validators/check-completeness.ts';
import { estimateRemoteOrphans } from '../../validators/estimate-remote-orphans.ts';
import { measureLoss } from '../../validators/measure-loss.ts';
import { arrivals, NOW_MS, sourceOf } from './tallies.ts';

const START_MS = NOW_MS - 600_000;
const LAG_MS = 5_000;
const calls = (...list: [string, string, number][]): Call[] =>
  list.map(([from, to, perSecond]) => ({ from, to, perSecond }));

/** The shop of the demo, a little busier; every export is of one second. */
const SHOP = calls(
  ['gateway', 'catalog', 8],
  ['gateway', 'cart', 4],
  ['gateway', 'checkout', 6],
  ['checkout', 'cart', 6],
  ['checkout', 'payment', 6],
);

function shop(
  losses: Record<string, Loss> = {},
  of: { calls?: Call[]; seed?: number; seconds?: number } = {},
) {
  const seconds = of.seconds ?? 600;
  const startMs = NOW_MS - seconds * 1_000;
  return edgesOfShop({
    calls: of.calls ?? SHOP,
    losses,
    seconds,
    batchSeconds: 1,
    seed: of.seed ?? 1,
    startMs,
  }).edges;
}

function check(
  edges: readonly EdgeTally[] | null,
  serviceName: string,
  options: {
    inconsistent?: string[];
    marks?: SamplingTally[];
    locals?: LocalEdgeTally[];
    open?: OpenParents;
    tallies?: SourceTally[];
    nowMs?: number;
  } = {},
) {
  const inconsistent = new Set((options.inconsistent ?? []).map((name) => serviceKey(serviceOf(name))));
  const settled = { untilMs: NOW_MS, lagMs: LAG_MS };
  const loss = edges === null ? null : measureLoss(edges, settled, inconsistent, options);
  const source = { ...sourceOf('traces'), serviceName };
  const tallies = options.tallies ?? [arrivals({ agoMs: 1_000, latenessMs: 500, count: 500 })];
  const isInconsistent = inconsistent.has(serviceKey(source));
  const nowMs = options.nowMs ?? NOW_MS;
  const orphans = estimateRemoteOrphans(
    { source, loss, tallies, inconsistent: isInconsistent, open: options.open },
    COMPLETENESS_LIMITS,
    nowMs,
  );
  return checkCompleteness({ source, estimates: [orphans] }, null, nowMs);
}

const codesOf = (verdict: ReturnType<typeof check>) => verdict.reasons.map((reason) => reason.code);

describe('checkCompleteness', () => {
  it('passes a caller none of whose spans is missing, and says on what', () => {
    const verdict = check(shop(), 'gateway');
    expect(verdict).toMatchObject({ outcome: 'pass', estimate: 0, lower: 0, unit: 'ratio', reasons: [] });
    expect(verdict.window).toEqual({ startMs: START_MS, endMs: NOW_MS });
    expect(verdict.estimators.map((one) => one.kind)).toEqual(['graph', 'graph']);
  });

  it.each([
    ['single spans', { ratio: 0.2, by: 'span' }],
    ['whole batches', { ratio: 0.3, by: 'batch' }],
  ] as const)('fails the caller that loses %s, and nobody else', (_name, loss) => {
    const edges = shop({ checkout: loss });
    const verdict = check(edges, 'checkout');
    expect(verdict.outcome).toBe('fail');
    expect(codesOf(verdict)).toEqual(['LOSS_ABOVE_LIMIT']);
    expect(verdict.lower).toBeLessThanOrEqual(loss.ratio);
    expect(verdict.upper).toBeGreaterThanOrEqual(loss.ratio);
    // cart is called by both: its orphans must not be put down to the gateway.
    expect(check(edges, 'gateway').outcome).toBe('pass');
  });

  it('fails a caller that was cut off, by what it usually calls', () => {
    const cut = shop().map((edge) =>
      edge.caller?.serviceName === 'gateway' && edge.windowMs >= NOW_MS - 45_000
        ? { ...edge, caller: null, callerBatches: [] }
        : edge,
    );
    expect(check(cut, 'gateway').outcome).toBe('fail');
    expect(check(cut, 'checkout').outcome).toBe('pass');
  });

  it('fails neither of two callers that nothing tells apart', () => {
    const edges = shop({ a: { ratio: 0.3, by: 'span' } }, { calls: calls(['a', 'db', 10], ['b', 'db', 10]) });
    expect(codesOf(check(edges, 'a'))).toEqual(['ORPHANS_SHARED']);
    expect(check(edges, 'b')).toMatchObject({ outcome: 'unknown', lower: 0 });
  });

  it('explains orphans of one callee alone by something else', () => {
    const broken = shop().map((edge) =>
      edge.callee.serviceName === 'payment' ? { ...edge, caller: null, callerBatches: [] } : edge,
    );
    const seen = [...broken, ...shop({}, { calls: calls(['checkout', 'payment', 0.2]) })];
    const verdict = check(seen, 'checkout');
    expect(verdict.outcome).toBe('unknown');
    expect(codesOf(verdict)).toEqual(['ORPHANS_UNEXPLAINED']);
  });

  it('keeps orphans without any known caller out of every verdict', () => {
    const outside = shop({ browser: { ratio: 1, by: 'span' } }, { calls: calls(['browser', 'gateway', 20]) });
    const verdict = check([...shop(), ...outside], 'gateway');
    expect(verdict.outcome).toBe('pass');
    expect(codesOf(verdict)).toEqual(['ORPHANS_UNATTRIBUTED']);
    expect(
      (verdict.evidence['estimators'] as Record<string, Record<string, unknown>>)['remote-orphans']?.[
        'unattributed'
      ],
    ).toMatchObject({ callee: { serviceName: 'gateway' } });
  });

  it.each([
    ['a service that calls nobody', 'payment', {}, 'NO_REMOTE_CHILDREN'],
    ['one that samples inconsistently', 'checkout', { inconsistent: ['checkout'] }, 'SAMPLING_INCONSISTENT'],
    [
      'one whose every callee does',
      'checkout',
      { inconsistent: ['cart', 'payment'] },
      'SAMPLING_INCONSISTENT',
    ],
    ['one that nobody settled for minutes', 'checkout', { nowMs: NOW_MS + 130_000 }, 'NOT_SETTLED'],
  ] as const)('is unknown for %s', (_name, serviceName, options, code) => {
    const verdict = check(shop({ checkout: { ratio: 0.3, by: 'span' } }), serviceName, {
      ...options,
      inconsistent: [...('inconsistent' in options ? options.inconsistent : [])],
    });
    expect(verdict.outcome).toBe('unknown');
    expect(codesOf(verdict)).toEqual([code]);
  });

  it('is unknown before anything was settled', () => {
    expect(codesOf(check(null, 'checkout'))).toEqual(['NOT_SETTLED']);
  });

  it('is unknown from too few children', () => {
    const few = shop({}, { calls: calls(['checkout', 'payment', 0.5]), seconds: 40 });
    expect(check(few, 'checkout')).toMatchObject({ outcome: 'unknown', estimate: null });
    expect(codesOf(check(few, 'checkout'))).toEqual(['TOO_FEW']);
  });

  it('leaves out a callee that samples inconsistently, and judges by the others', () => {
    const edges = shop({ checkout: { ratio: 0.3, by: 'span' } });
    expect(check(edges, 'checkout', { inconsistent: ['cart'] }).outcome).toBe('fail');
  });

  it.each([
    [
      'arrives later than was waited for',
      arrivals({ agoMs: 1_000, latenessMs: 15_000, count: 500 }),
      'unknown',
      'PARENTS_LATE',
    ],
    [
      'has just fallen silent',
      arrivals({ agoMs: 9_000, latenessMs: 500, count: 500 }),
      'unknown',
      'CALLER_SILENT',
    ],
    [
      'is silent for more than a minute',
      arrivals({ agoMs: 70_000, latenessMs: 500, count: 500 }),
      'fail',
      'LOSS_ABOVE_LIMIT',
    ],
  ] as const)('does not mistake late for lost when the caller %s', (_name, arrived, outcome, code) => {
    const edges = shop({ checkout: { ratio: 0.3, by: 'span' } });
    const verdict = check(edges, 'checkout', { tallies: [arrived] });
    expect(verdict.outcome).toBe(outcome);
    expect(codesOf(verdict)).toEqual([code]);
  });

  /** Marks of ten minutes: spans of a service under each threshold. */
  const marks = (of: Record<string, Record<string, number>>): SamplingTally[] =>
    Object.entries(of).flatMap(([serviceName, byThreshold]) =>
      Object.entries(byThreshold).map(([thresholdHex, spans]) => ({
        source: { ...sourceOf('traces'), serviceName },
        receiveStartMs: START_MS,
        thresholdHex,
        spans,
        violations: 0,
        exampleTraceId: '',
      })),
    );
  const half = { '8': 20_000 };
  const whole = { '0': 20_000 };

  // As half of the traces of checkout: its callees are here, and so are their orphans.
  it.each([
    ['keep all', { checkout: half, cart: whole, payment: whole }],
    ['have no marks', { checkout: half, cart: { '': 20_000 }, payment: { '': 20_000 } }],
    ['keep more', { checkout: half, cart: { '4': 20_000 }, payment: { '7fff': 20_000 } }],
    ['keep all, and a caller of many thresholds', { checkout: { '8': 9_000, a: 9_000, c: 2_000 } }],
  ] as const)('is unknown for a caller whose sampling is not followed: callees %s', (_name, of) => {
    const edges = shop({ checkout: { ratio: 0.5, by: 'span' } });
    const verdict = check(edges, 'checkout', { marks: marks({ gateway: whole, ...of }) });
    expect(verdict.outcome).toBe('unknown');
    expect(codesOf(verdict)).toEqual(['SAMPLING_NOT_FOLLOWED']);
    expect(check(edges, 'gateway', { marks: marks({ gateway: whole, ...of }) }).outcome).toBe('pass');
  });

  it.each([
    ['nobody marks', {}],
    ['all keep all', { checkout: whole, cart: whole, payment: whole }],
    ['callees keep as much', { checkout: half, cart: { '8': 4_000, '0': 16_000 }, payment: half }],
    ['callees keep less', { checkout: half, cart: { c: 20_000 }, payment: { c: 20_000 } }],
    [
      'some of the traces of the caller are kept whole',
      { checkout: { '8': 10_000, '0': 10_000 }, cart: whole },
    ],
  ] as const)('still fails a loss where sampling is followed: %s', (_name, of) => {
    for (const loss of [
      { ratio: 0.2, by: 'span' },
      { ratio: 0.3, by: 'batch' },
    ] as const)
      expect(check(shop({ checkout: loss }), 'checkout', { marks: marks(of) }).outcome).toBe('fail');
  });

  it('is unknown while calls stay open for longer than parents are waited for', () => {
    const edges = shop({ checkout: { ratio: 0.2, by: 'span' } });
    const verdict = check(edges, 'checkout', { open: { spans: 7_000, late: 1_400 } });
    expect(verdict.outcome).toBe('unknown');
    expect(codesOf(verdict)).toEqual(['PARENTS_OPEN']);
    expect(check(shop(), 'gateway', { open: { spans: 7_000, late: 1_400 } }).outcome).toBe('pass');
  });

  it.each([
    ['fewer than the warn limit', { spans: 7_000, late: 60 }],
    ['of too few to say', { spans: 20, late: 10 }],
  ] as const)('still fails a loss when calls stay open: %s', (_name, open) => {
    expect(check(shop({ checkout: { ratio: 0.2, by: 'span' } }), 'checkout', { open }).outcome).toBe('fail');
  });

  it('passes a late caller of whom nothing is missing', () => {
    const late = [arrivals({ agoMs: 1_000, latenessMs: 15_000, count: 500 })];
    expect(check(shop(), 'gateway', { tallies: late }).outcome).toBe('pass');
  });

  it('counts a slow exporter in batches: no loss among 120 of them is not yet at most 1 %', () => {
    const startMs = START_MS;
    const { edges } = edgesOfShop({ calls: SHOP, seconds: 600, batchSeconds: 5, seed: 1, startMs });
    const verdict = check(edges, 'checkout');
    expect(verdict.outcome).toBe('unknown');
    expect(codesOf(verdict)).toEqual(['LOSS_UNDECIDED']);
    expect(verdict.upper).toBeGreaterThan(0.01);
  });

  it('says the same however its tallies are split and ordered', () => {
    const whole = shop({ checkout: { ratio: 0.1, by: 'batch' } }, { seconds: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.boolean(), (every, reverse) => {
        const split = whole.flatMap((edge, i) =>
          i % every === 0 && edge.children > 1
            ? [
                { ...edge, children: 1 },
                { ...edge, children: edge.children - 1 },
              ]
            : [edge],
        );
        const verdict = check(reverse ? split.reverse() : split, 'checkout');
        const expected = check(whole, 'checkout');
        expect(verdict.outcome).toBe(expected.outcome);
        expect(verdict.lower).toBeCloseTo(expected.lower as number, 12);
        expect(verdict.upper).toBeCloseTo(expected.upper as number, 12);
        expect(verdict.estimate).toBeCloseTo(expected.estimate as number, 12);
        expect(verdict.evidence['exampleTraceIds']).toEqual(expected.evidence['exampleTraceIds']);
      }),
      { numRuns: 20 },
    );
  });
});

describe('checkCompleteness without any estimate', () => {
  it('says what would make it knowable, with the limits people wrote', () => {
    const verdict = checkCompleteness({ source: sourceOf('logs'), estimates: [] }, null, NOW_MS);
    expect(verdict).toMatchObject({
      outcome: 'unknown',
      estimate: null,
      n: 0,
      limits: { warn: 0.01, fail: 0.05 },
    });
    expect(verdict.reasons[0]?.code).toBe('NO_ESTIMATOR');
  });
});
