import { describe, expect, it } from 'vitest';
import { sourceKey } from '../../../core/source.ts';
import { estimateOwnRejections } from '../../../validators/counters/estimate-own-rejections.ts';
import { arrivals, NOW_MS, sourceOf } from '../tallies.ts';

const refused = (reason: string, slow: number, fast: number) => ({
  source: sourceOf('traces'),
  reason,
  slow,
  fast,
  lastMs: NOW_MS - 1_000,
});
const KEPT = [
  arrivals({ agoMs: 10_000, latenessMs: 0, count: 90 }),
  arrivals({ agoMs: 300_000, latenessMs: 0, count: 900 }),
];

describe('estimateOwnRejections', () => {
  it('says exactly which share was refused, why, and whose fault it is; and never lets it pass', () => {
    const estimate = estimateOwnRejections(
      [refused('span_id_invalid', 10, 10), refused('value_too_deep', 1, 0)],
      KEPT,
      NOW_MS,
    ).get(sourceKey(sourceOf('traces')));
    expect(estimate?.fast).toMatchObject({ n: 100, mayPass: false, interval: { lower: 0.1, upper: 0.1 } });
    expect(estimate?.slow).toMatchObject({ n: 1_001, mayPass: false, interval: { estimate: 11 / 1_001 } });
    expect(estimate?.blame).toMatchObject({ at: 'source', name: 'checkout' });
    expect(estimate?.evidence['byReason']).toEqual({ span_id_invalid: 10, value_too_deep: 1 });
  });

  it('blames us for our own limits, and knows a source of which nothing was stored', () => {
    const estimate = estimateOwnRejections([refused('value_too_deep', 5, 0)], [], NOW_MS).get(
      sourceKey(sourceOf('traces')),
    );
    expect(estimate?.blame).toMatchObject({ at: 'us', name: 'value_too_deep' });
    expect(estimate?.slow.interval?.estimate).toBe(1);
    expect(estimate?.fast.interval).toBe(null);
  });

  it('says nothing of sources of which nothing was refused', () => {
    expect(estimateOwnRejections([], KEPT, NOW_MS).size).toBe(0);
  });
});
