import { describe, expect, it } from 'vitest';
import type { ReferenceTally } from '../../../core/reference-tally.ts';
import { serviceKey } from '../../../core/service-key.ts';
import { sourceKey } from '../../../core/source.ts';
import { mentions } from '../../../eval/simulators/mentions.ts';
import { serviceOf } from '../../../eval/simulators/shop-of-edges.ts';
import { estimateReferences, type ReferenceInput } from '../../../validators/graph/estimate-references.ts';
import { judgeWindows } from '../../../validators/judge-windows.ts';
import type { LossEstimate } from '../../../validators/loss-estimate.ts';
import { NOW_MS } from '../tallies.ts';

const LIMITS = { warn: 0.01, fail: 0.05 };
const SHOP_KEY = sourceKey({ ...serviceOf('shop'), serviceInstanceId: '', signal: 'traces' });

function estimate(
  references: readonly ReferenceTally[],
  rest: Partial<ReferenceInput> = {},
  mentionedBy: ReferenceTally['mentionedBy'] = 'log',
): LossEstimate {
  const settled = { untilMs: NOW_MS, lagMs: 5_000 };
  const input = { references, settled, inconsistent: new Set<string>(), ...rest };
  return estimateReferences(mentionedBy, input).get(SHOP_KEY) as LossEstimate;
}
const outcomeOf = (of: LossEstimate) => judgeWindows(of, LIMITS).outcome;

describe('estimateReferences', () => {
  it('passes a service all of whose mentioned spans are here', () => {
    const healthy = estimate(mentions({}));
    expect(healthy).toMatchObject({ id: 'log-references', kind: 'graph', veto: null, blame: null });
    expect(outcomeOf(healthy)).toBe('pass');
  });

  it('fails one that lost spans of traces that are here, and names traces', () => {
    const lossy = estimate(mentions({ lostRatio: 0.3 }));
    expect(outcomeOf(lossy)).toBe('fail');
    expect(lossy.blame).toMatchObject({ at: 'source', name: 'shop' });
    expect(lossy.exampleTraceIds).toHaveLength(5);
  });

  it('neither fails nor passes where whole traces are missing, as behind a tail sampler', () => {
    const sampled = estimate(mentions({ tailDropRatio: 0.9 }));
    expect(outcomeOf(sampled)).toBe('unknown');
    expect(sampled.fast.interval).toMatchObject({ lower: 0, estimate: 0 });
    expect(sampled.fast.interval?.upper).toBeGreaterThan(0.8);
  });

  it('keeps log records and exemplars apart', () => {
    const exemplars = mentions({ lostRatio: 0.3, mentionedBy: 'exemplar' });
    const both = [...mentions({}), ...exemplars];
    expect(outcomeOf(estimate(both))).toBe('pass');
    const ofExemplars = estimate(both, {}, 'exemplar');
    expect(ofExemplars.id).toBe('exemplar-references');
    expect(outcomeOf(ofExemplars)).toBe('fail');
  });

  it.each([
    [
      'inconsistent sampling',
      { inconsistent: new Set([serviceKey(serviceOf('shop'))]) },
      'SAMPLING_INCONSISTENT',
    ],
    ['spans that may still be open', { settled: { untilMs: NOW_MS, lagMs: 60_000 } }, 'SPANS_LONG'],
  ])('vetoes %s', (_name, rest, code) => {
    expect(estimate(mentions({ lostRatio: 0.3 }), rest).veto?.code).toBe(code);
  });

  it('gives no interval from a handful of mentions', () => {
    expect(estimate(mentions({ perSecond: 0.02 })).slow.interval).toBeNull();
  });

  it.each([
    [{ lostRatio: 0.005, by: 'span' }],
    [{ lostRatio: 0.02, by: 'span' }],
    [{ lostRatio: 0.05, by: 'span' }],
    [{ lostRatio: 0.2, by: 'span' }],
    [{ lostRatio: 0.02, by: 'batch' }],
    [{ lostRatio: 0.05, by: 'batch' }],
    [{ lostRatio: 0.2, by: 'batch' }],
  ] as const)('%o is covered as often as it says', (of) => {
    let covered = 0;
    for (let run = 0; run < 200; run++) {
      const { interval } = estimate(mentions({ ...of, seconds: 120, seed: 31 * run + 5 })).slow;
      if (interval !== null && interval.lower <= of.lostRatio && of.lostRatio <= interval.upper) covered++;
    }
    expect(covered / 200).toBeGreaterThanOrEqual(0.93);
  });
});
