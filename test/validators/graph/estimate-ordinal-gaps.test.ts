import { describe, expect, it } from 'vitest';
import type { OrdinalTally } from '../../../core/ordinal-tally.ts';
import { sourceKey } from '../../../core/source.ts';
import { ordinalTallies } from '../../../eval/simulators/ordinal-tallies.ts';
import { serviceOf } from '../../../eval/simulators/shop-of-edges.ts';
import { estimateOrdinalGaps } from '../../../validators/graph/estimate-ordinal-gaps.ts';
import { judgeWindows } from '../../../validators/judge-windows.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';
import { NOW_MS } from '../tallies.ts';

const LIMITS = { warn: 0.01, fail: 0.05 };
const KEY = sourceKey({ ...serviceOf('shop'), serviceInstanceId: '', signal: 'traces' });

const estimate = (of: readonly OrdinalTally[]) =>
  estimateOrdinalGaps(of, NOW_MS + 10_000).get(KEY) as LossEstimate;
const outcomeOf = (of: LossEstimate) => judgeWindows(of, LIMITS).outcome;
const BASE = { lostRatio: 0, by: 'batch', perSecond: 100, seconds: 600, seed: 3 } as const;

describe('estimateOrdinalGaps', () => {
  it('passes a service all of whose numbers came, and blames nobody', () => {
    const healthy = estimate(ordinalTallies(BASE));
    expect(healthy).toMatchObject({ id: 'ordinal-gaps', kind: 'direct', veto: null, blame: null });
    expect(outcomeOf(healthy)).toBe('pass');
  });

  it('fails 20 % of exports lost, and says which process and that exports are missing', () => {
    const lossy = estimate(ordinalTallies({ ...BASE, lostRatio: 0.2 }));
    expect(outcomeOf(lossy)).toBe('fail');
    expect(lossy.blame?.text).toMatch(/most at pod-1 \(boot a\); these are whole exports/);
  });

  it('tells single missing records from missing exports', () => {
    const lossy = estimate(ordinalTallies({ ...BASE, by: 'span', lostRatio: 0.05 }));
    expect(lossy.blame?.text).toMatch(/these are single records/);
  });

  it('waits ten seconds for what may still come', () => {
    const lossy = ordinalTallies({ ...BASE, lostRatio: 0.2 });
    const soon = estimateOrdinalGaps(lossy, NOW_MS + 4_999).get(KEY) as LossEstimate;
    expect(soon.fast.endMs).toBe(NOW_MS - 10_000);
    expect(soon.slow.n).toBeLessThan(estimate(lossy).slow.n);
  });

  it('keeps signals and services apart, and gives no interval from a handful', () => {
    const logs = ordinalTallies({ ...BASE, lostRatio: 0.3 }).map((tally) => ({
      ...tally,
      signal: 'logs' as const,
    }));
    expect(outcomeOf(estimate([...ordinalTallies(BASE), ...logs]))).toBe('pass');
    expect(estimate(ordinalTallies({ ...BASE, perSecond: 1, seconds: 20 })).slow.interval).toBeNull();
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
      const { fast, slow } = estimate(ordinalTallies({ ...BASE, ...of, perSecond: 50, seed: 77 * run + 1 }));
      const { interval } = of.seconds === 40 ? fast : slow;
      if (interval !== null && interval.lower <= of.lostRatio && of.lostRatio <= interval.upper) covered++;
    }
    expect(covered / 200).toBeGreaterThanOrEqual(0.93);
  });
});
