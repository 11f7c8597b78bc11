import { describe, expect, it } from 'vitest';
import { serviceKey } from '../../../core/service-key.ts';
import { sourceKey } from '../../../core/source.ts';
import type { SourceTally } from '../../../core/source-tally.ts';
import { baselineOf, type PairShop, pairsOfShop } from '../../../eval/simulators/pairs-of-shop.ts';
import { serviceOf } from '../../../eval/simulators/shop-of-edges.ts';
import type { CalleeLossInput } from '../../../validators/graph/callee-loss.ts';
import { estimateCaptureRecapture } from '../../../validators/graph/estimate-capture-recapture.ts';
import { estimateMissingCallees } from '../../../validators/graph/estimate-missing-callees.ts';
import { judgeWindows } from '../../../validators/judge-windows.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';
import { measureLoss } from '../../../validators/measure-loss.ts';
import { runCount } from '../../run-count.ts';
import { arrivals, NOW_MS } from '../tallies.ts';

const LIMITS = { warn: 0.01, fail: 0.05 };
const SECONDS = 600;
const START_MS = NOW_MS - SECONDS * 1_000;
const LAG_MS = 5_000;

/** gateway calls cart and checkout, which calls the database's service; the leaves call nobody. */
const CALLS = [
  { from: 'gateway', to: 'cart', perSecond: 10 },
  { from: 'gateway', to: 'checkout', perSecond: 10 },
  { from: 'checkout', to: 'payment', perSecond: 10 },
];
const BASELINES = CALLS.map(({ from, to }) => baselineOf(from, to));

const arrived = (name: string, agoMs = 0, latenessMs = 500): SourceTally => {
  const tally = arrivals({ agoMs, latenessMs, count: 500 });
  return { ...tally, source: { ...tally.source, serviceName: name } };
};
const ALIVE = ['gateway', 'cart', 'checkout', 'payment'].map((name) => arrived(name));

function inputOf(shop: Partial<PairShop> = {}, rest: Partial<CalleeLossInput> = {}): CalleeLossInput {
  return {
    ...pairsOfShop({ calls: CALLS, seconds: SECONDS, seed: 1, startMs: START_MS, ...shop }),
    baselines: BASELINES,
    arrivals: ALIVE,
    settled: { untilMs: NOW_MS, lagMs: LAG_MS },
    inconsistent: new Set(),
    ...rest,
  };
}

const keyOf = (name: string) => sourceKey({ ...serviceOf(name), serviceInstanceId: '', signal: 'traces' });
function capture(input: CalleeLossInput, name: string, nowMs = NOW_MS): LossEstimate {
  return estimateCaptureRecapture(input, nowMs).get(keyOf(name)) as LossEstimate;
}
const outcomeOf = (estimate: LossEstimate) => judgeWindows(estimate, LIMITS).outcome;

describe('estimateCaptureRecapture', () => {
  it('passes callees that answer, leaves too, and says nothing about who is not called', () => {
    const estimates = estimateCaptureRecapture(inputOf(), NOW_MS);
    expect([...estimates.keys()].toSorted()).toEqual(['cart', 'checkout', 'payment'].map(keyOf).toSorted());
    for (const estimate of estimates.values()) {
      expect(estimate).toMatchObject({ id: 'capture-recapture', kind: 'graph', veto: null, blame: null });
      expect(outcomeOf(estimate)).toBe('pass');
    }
  });

  it.each([
    ['single spans', { ratio: 0.2, by: 'span' }],
    ['whole batches', { ratio: 0.3, by: 'batch' }],
  ] as const)('fails the leaf that loses %s, and neither its caller nor its neighbour', (_name, loss) => {
    const input = inputOf({ losses: { cart: loss }, lossFromS: 500 });
    const cart = capture(input, 'cart');
    expect(outcomeOf(cart)).toBe('fail');
    expect(cart.fast.interval?.lower).toBeLessThanOrEqual(loss.ratio);
    expect(cart.blame).toMatchObject({ at: 'source', name: 'cart' });
    expect(cart.exampleTraceIds.length).toBeGreaterThan(0);
    expect(outcomeOf(capture(input, 'checkout'))).toBe('pass');
    expect(outcomeOf(capture(input, 'payment'))).toBe('pass');
    const orphans = measureLoss(input.edges, input.settled, new Set());
    expect(orphans.fast.get(serviceKey(serviceOf('cart')))).toBeUndefined();
    expect(orphans.fast.get(serviceKey(serviceOf('gateway')))?.interval?.lower).toBe(0);
  });

  it('does not blame callees for what their caller lost', () => {
    const input = inputOf({ losses: { gateway: { ratio: 0.3, by: 'batch' } } });
    for (const name of ['cart', 'checkout', 'payment']) expect(outcomeOf(capture(input, name))).toBe('pass');
    const { captureRecapture } = capture(input, 'cart').evidence as {
      captureRecapture: { callersLostRatio: number };
    };
    expect(captureRecapture.callersLostRatio).toBeGreaterThan(0.2);
    expect(captureRecapture).toMatchObject({ calleesLostRatio: 0, meaning: 'independent part, lower bound' });
  });

  it('fails a callee that is cut off, after the minute in which its answers may be late', () => {
    const cut = inputOf({ losses: { cart: { ratio: 1, by: 'span' } }, lossFromS: 530 });
    const silent = (agoMs: number) => ({ ...cut, arrivals: [...ALIVE.slice(2), arrived('cart', agoMs)] });
    expect(capture(silent(40_000), 'cart').veto?.code).toBe('CALLEE_SILENT');
    const later = capture(silent(70_000), 'cart');
    expect(later.veto).toBeNull();
    expect(outcomeOf(later)).toBe('fail');
  });

  it('vetoes a peer that something uninstrumented answers while its service sends on', () => {
    const changed = inputOf({ losses: { cart: { ratio: 1, by: 'span' } }, lossFromS: 560 });
    expect(capture(changed, 'cart').veto).toMatchObject({ code: 'PEER_CHANGED' });
    const other = { from: 'checkout', to: 'cart', perSecond: 10 };
    const { pairs, edges } = pairsOfShop({ calls: [other], seconds: SECONDS, seed: 2, startMs: START_MS });
    const withOther = capture(
      {
        ...changed,
        pairs: [...changed.pairs, ...pairs],
        edges,
        baselines: [...BASELINES, baselineOf('checkout', 'cart')],
      },
      'cart',
    );
    expect(withOther.veto).toBeNull();
    expect(outcomeOf(withOther)).toBe('pass');
    expect(withOther.evidence).toMatchObject({ changedPeers: ['gateway to cart:80'] });
  });

  it('does not fail anybody while a peer changes, nor calls it a change where exports are lost', () => {
    let judged = 0;
    const seedCount = runCount({ suite: 5, long: 20 });
    for (let seed = 1; seed <= seedCount; seed++) {
      // Settled every five seconds after a change in the middle of a window.
      for (const agoS of [2, 7, 12, 22, 37, 60]) {
        const losses = { cart: { ratio: 1, by: 'span' } } as const;
        const estimate = capture(
          inputOf({ losses, lossFromS: SECONDS - agoS, seed, calls: CALLS.slice(0, 1) }),
          'cart',
        );
        expect(estimate.veto === null ? outcomeOf(estimate) : estimate.veto.code).not.toBe('fail');
        judged++;
      }
    }
    expect(judged).toBe(6 * seedCount);
    const losing = (seed: number) =>
      capture(inputOf({ losses: { cart: { ratio: 0.3, by: 'batch' } }, batchSeconds: 5, seed }), 'cart');
    const length = runCount({ suite: 12, long: 50 });
    const changed = Array.from({ length }, (_, i) => losing(i + 1)).filter(({ veto }) => veto !== null);
    expect(changed.length / length).toBeLessThanOrEqual(0.04);
  });

  it('leaves failed calls out, and vetoes where most fail', () => {
    const failing = (failedRatio: number) =>
      inputOf({ calls: [{ from: 'gateway', to: 'cart', perSecond: 10, failedRatio }] });
    expect(outcomeOf(capture(failing(0.3), 'cart'))).toBe('pass');
    expect(capture(failing(0.8), 'cart').veto?.code).toBe('CALLS_FAILING');
  });

  it.each([
    [
      'inconsistent sampling',
      { inconsistent: new Set([serviceKey(serviceOf('cart'))]) },
      'SAMPLING_INCONSISTENT',
    ],
    ['late answers', { arrivals: [arrived('cart', 0, 20_000)] }, 'ANSWERS_LATE'],
  ])('vetoes %s', (_name, rest, code) => {
    const input = inputOf({ losses: { cart: { ratio: 0.2, by: 'span' } } }, rest);
    expect(capture(input, 'cart').veto?.code).toBe(code);
  });

  it.each([
    ['nobody has seen usual answers for long', { stretches: 2 }],
    ['others answer under the same name', { calleeRatio: 0.9 }],
    ['calls are usually not answered', { answeredRatio: 0.3 }],
  ])('says nothing where %s', (_name, rest) => {
    const input = inputOf({}, { baselines: [baselineOf('gateway', 'cart', rest)] });
    expect(estimateCaptureRecapture(input, NOW_MS).size + estimateMissingCallees(input, NOW_MS).size).toBe(0);
  });

  it('gives no interval from a handful of calls', () => {
    const input = inputOf({ calls: [{ from: 'gateway', to: 'cart', perSecond: 0.04 }] });
    expect(capture(input, 'cart').slow.interval).toBeNull();
  });
});

describe('estimateMissingCallees', () => {
  const usually = (answeredRatio: number, shop: Partial<PairShop> = {}) =>
    estimateMissingCallees(
      inputOf(
        { calls: [{ from: 'gateway', to: 'cart', perSecond: 20, answeredRatio }], ...shop },
        { baselines: [baselineOf('gateway', 'cart', { answeredRatio, answeredRatioMad: 0.01 })] },
      ),
      NOW_MS,
    ).get(keyOf('cart')) as LossEstimate;

  it('neither fails nor passes a peer that answers as it usually does', () => {
    expect(outcomeOf(usually(0.8))).toBe('unknown');
    expect(usually(0.8).fast.interval?.lower).toBe(0);
  });

  it('fails it when it answers far less than usually', () => {
    const estimate = usually(0.8, { losses: { cart: { ratio: 0.4, by: 'span' } }, lossFromS: 500 });
    expect(estimate.id).toBe('missing-callee');
    expect(outcomeOf(estimate)).toBe('fail');
    expect(estimate.fast.interval?.estimate).toBeCloseTo(0.4, 1);
    expect(estimate.fast.interval?.lower).toBeLessThanOrEqual(0.4);
  });
});

describe('calibration of capture-recapture, nominal 95 %', () => {
  const RUNS = runCount({ suite: 50, long: 200 });
  /** How often the fast or slow interval held the ratio, and how often a verdict was fail. */
  function calibrate(of: {
    ratio: number;
    by: 'span' | 'batch';
    window: 'fast' | 'slow';
    perSecond: number;
  }) {
    const seconds = of.window === 'fast' ? 40 : SECONDS;
    let [covered, failed] = [0, 0];
    for (let run = 0; run < RUNS; run++) {
      const input = inputOf({
        calls: [{ from: 'gateway', to: 'cart', perSecond: of.perSecond }],
        losses: { cart: of },
        seconds,
        startMs: NOW_MS - seconds * 1_000,
        seed: 104_729 * run + 7,
      });
      const estimate = capture(input, 'cart');
      const { lower, upper } = estimate[of.window].interval ?? { lower: 1, upper: 0 };
      if (lower <= of.ratio && of.ratio <= upper) covered++;
      if (outcomeOf(estimate) === 'fail') failed++;
    }
    return { covered: covered / RUNS, failed: failed / RUNS };
  }

  it.each([
    [{ ratio: 0.005, by: 'span', window: 'fast', perSecond: 20 }],
    [{ ratio: 0.02, by: 'span', window: 'fast', perSecond: 20 }],
    [{ ratio: 0.05, by: 'span', window: 'fast', perSecond: 20 }],
    [{ ratio: 0.2, by: 'span', window: 'fast', perSecond: 20 }],
    [{ ratio: 0.005, by: 'batch', window: 'slow', perSecond: 5 }],
    [{ ratio: 0.02, by: 'batch', window: 'slow', perSecond: 5 }],
    [{ ratio: 0.05, by: 'batch', window: 'slow', perSecond: 5 }],
    [{ ratio: 0.2, by: 'batch', window: 'slow', perSecond: 5 }],
    [{ ratio: 0.05, by: 'batch', window: 'fast', perSecond: 20 }],
    [{ ratio: 0.2, by: 'batch', window: 'fast', perSecond: 20 }],
  ] as const)('%o is covered as often as it says', (of) => {
    expect(calibrate(of).covered).toBeGreaterThanOrEqual(0.93);
  });

  it.each(['span', 'batch'] as const)('a loss at the limit hardly ever fails: lost by %s', (by) => {
    expect(calibrate({ ratio: 0.05, by, window: 'fast', perSecond: 20 }).failed).toBeLessThanOrEqual(0.05);
  });

  it('healthy traffic never fails, whatever is usual', () => {
    let outcomes = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const input = inputOf(
        {
          calls: CALLS.map((call, i) => ({ ...call, answeredRatio: [1, 0.99, 0.8][i] as number })),
          seconds: 60,
          startMs: NOW_MS - 60_000,
          seed,
        },
        {
          baselines: CALLS.map(({ from, to }, i) =>
            baselineOf(from, to, {
              answeredRatio: [1, 0.99, 0.8][i] as number,
              answeredRatioMad: [0, 0.004, 0.02][i] as number,
            }),
          ),
        },
      );
      for (const estimates of [
        estimateCaptureRecapture(input, NOW_MS),
        estimateMissingCallees(input, NOW_MS),
      ]) {
        for (const estimate of estimates.values()) {
          outcomes++;
          expect(outcomeOf(estimate)).not.toBe('fail');
        }
      }
    }
    expect(outcomes).toBe(300);
  });
});
