import { describe, expect, it } from 'vitest';
import type { OrdinalTally } from '../../../core/ordinal-tally.ts';
import { randomFrom } from '../../../core/random-from.ts';
import { sourceKey } from '../../../core/source.ts';
import { estimateOrdinalGaps } from '../../../validators/graph/estimate-ordinal-gaps.ts';
import { judgeWindows } from '../../../validators/judge-windows.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';
import { serviceOf } from '../shop-of-edges.ts';
import { NOW_MS } from '../tallies.ts';

const LIMITS = { warn: 0.01, fail: 0.05 };
const KEY = sourceKey({ ...serviceOf('shop'), serviceInstanceId: '', signal: 'traces' });

/** What the reader would give for a service that exports every second, and loses exports or single records. */
function tallies(of: {
  lostRatio: number;
  by: 'span' | 'batch';
  perSecond: number;
  seconds: number;
  seed: number;
}): OrdinalTally[] {
  const random = randomFrom(of.seed);
  const startMs = NOW_MS - of.seconds * 1_000;
  const phase = random();
  const buckets = new Map<number, OrdinalTally>();
  /** Numbers that are missing and whose bucket is not known yet: that of the next number that comes. */
  let [missing, gaps, inGap, started] = [0, 0, false, false];
  for (let second = 0; second < of.seconds; second++) {
    const arrivalMs = startMs + (second + phase) * 1_000;
    const receiveStartMs = Math.floor(arrivalMs / 5_000) * 5_000;
    const batchLost = of.by === 'batch' && random() < of.lostRatio;
    let found = 0;
    for (let i = 0; i < of.perSecond; i++) {
      const lost = of.by === 'batch' ? batchLost : random() < of.lostRatio;
      if (lost && !inGap && started) gaps++;
      inGap = lost;
      if (lost && started) missing++;
      if (!lost) {
        found++;
        started = true;
      }
    }
    if (found === 0) continue;
    const tally = buckets.get(receiveStartMs) ?? {
      service: serviceOf('shop'),
      signal: 'traces',
      receiveStartMs,
      numbered: 0,
      found: 0,
      gaps: 0,
      arrivals: 0,
      worstProcess: '',
      unnumbered: 0,
    };
    buckets.set(receiveStartMs, {
      ...tally,
      numbered: tally.numbered + found + missing,
      found: tally.found + found,
      gaps: tally.gaps + gaps,
      arrivals: tally.arrivals + 1,
      worstProcess: missing > 0 ? 'pod-1 (boot a)' : tally.worstProcess,
    });
    [missing, gaps] = [0, 0];
  }
  return [...buckets.values()];
}

const estimate = (of: readonly OrdinalTally[]) =>
  estimateOrdinalGaps(of, NOW_MS + 10_000).get(KEY) as LossEstimate;
const outcomeOf = (of: LossEstimate) => judgeWindows(of, LIMITS).outcome;
const BASE = { lostRatio: 0, by: 'batch', perSecond: 100, seconds: 600, seed: 3 } as const;

describe('estimateOrdinalGaps', () => {
  it('passes a service all of whose numbers came, and blames nobody', () => {
    const healthy = estimate(tallies(BASE));
    expect(healthy).toMatchObject({ id: 'ordinal-gaps', kind: 'direct', veto: null, blame: null });
    expect(outcomeOf(healthy)).toBe('pass');
  });

  it('fails 20 % of exports lost, and says which process and that exports are missing', () => {
    const lossy = estimate(tallies({ ...BASE, lostRatio: 0.2 }));
    expect(outcomeOf(lossy)).toBe('fail');
    expect(lossy.blame?.text).toMatch(/most at pod-1 \(boot a\); these are whole exports/);
  });

  it('tells single missing records from missing exports', () => {
    const lossy = estimate(tallies({ ...BASE, by: 'span', lostRatio: 0.05 }));
    expect(lossy.blame?.text).toMatch(/these are single records/);
  });

  it('waits ten seconds for what may still come', () => {
    const lossy = tallies({ ...BASE, lostRatio: 0.2 });
    const soon = estimateOrdinalGaps(lossy, NOW_MS + 4_999).get(KEY) as LossEstimate;
    expect(soon.fast.endMs).toBe(NOW_MS - 10_000);
    expect(soon.slow.n).toBeLessThan(estimate(lossy).slow.n);
  });

  it('keeps signals and services apart, and gives no interval from a handful', () => {
    const logs = tallies({ ...BASE, lostRatio: 0.3 }).map((tally) => ({ ...tally, signal: 'logs' as const }));
    expect(outcomeOf(estimate([...tallies(BASE), ...logs]))).toBe('pass');
    expect(estimate(tallies({ ...BASE, perSecond: 1, seconds: 20 })).slow.interval).toBeNull();
    expect(estimateOrdinalGaps([], NOW_MS).size).toBe(0);
  });

  it.each([
    [{ lostRatio: 0.005, by: 'span', seconds: 40 }],
    [{ lostRatio: 0.02, by: 'span', seconds: 40 }],
    [{ lostRatio: 0.05, by: 'span', seconds: 40 }],
    [{ lostRatio: 0.2, by: 'span', seconds: 40 }],
    [{ lostRatio: 0.005, by: 'batch', seconds: 600 }],
    [{ lostRatio: 0.02, by: 'batch', seconds: 600 }],
    [{ lostRatio: 0.05, by: 'batch', seconds: 600 }],
    [{ lostRatio: 0.2, by: 'batch', seconds: 600 }],
  ] as const)('%o is covered as often as it says', (of) => {
    let covered = 0;
    for (let run = 0; run < 200; run++) {
      const { fast, slow } = estimate(tallies({ ...BASE, ...of, perSecond: 50, seed: 77 * run + 1 }));
      const { interval } = of.seconds === 40 ? fast : slow;
      if (interval !== null && interval.lower <= of.lostRatio && of.lostRatio <= interval.upper) covered++;
    }
    expect(covered / 200).toBeGreaterThanOrEqual(0.93);
  });
});
