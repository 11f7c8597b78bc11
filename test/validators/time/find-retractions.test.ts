import { describe, expect, it } from 'vitest';
import type { CohortTally } from '../../../core/cohort-tally.ts';
import { sourceKey } from '../../../core/source.ts';
import { closeWindows, findRetractions, windowKey } from '../../../validators/time/find-retractions.ts';
import { NOW_MS, sourceOf } from '../tallies.ts';

const window = (items: number, startMs = NOW_MS - 60_000): CohortTally => ({
  source: sourceOf('traces'),
  askedMs: startMs + 10_000,
  startMs,
  endMs: startMs + 10_000,
  items,
  hereItems: items,
  latenessMsMax: 0,
  batchItemsSquared: items ** 2,
});
const watermarks = new Map([[sourceKey(sourceOf('traces')), NOW_MS - 50_000]]);
const closed = (items: number) => closeWindows([window(items)], watermarks, NOW_MS);

describe('closeWindows', () => {
  it('closes what ends at the watermark or before, as it stands', () => {
    expect(closed(100)).toMatchObject([{ heldItems: 100, closedAtMs: NOW_MS, endMs: NOW_MS - 50_000 }]);
    expect(closeWindows([window(100, NOW_MS - 59_999)], watermarks, NOW_MS)).toEqual([]);
    expect(closeWindows([window(100)], new Map(), NOW_MS)).toEqual([]);
  });
});

describe('findRetractions', () => {
  it.each([
    ['nothing came since', 100, 100, 0],
    ['within what was allowed for', 1_000, 1_010, 0],
    ['one late record of thirty is chance', 29, 30, 0],
    ['six late of thirty are not', 24, 30, 1],
    ['half of it came later', 100, 200, 1],
    ['too few to speak of', 10, 29, 0],
  ])('%s', (_name, held, items, count) => {
    expect(findRetractions(closed(held), [window(items)])).toHaveLength(count);
  });

  it('takes a window back under one id, whoever finds it and whenever', () => {
    const [first] = findRetractions(closed(100), [window(200)]);
    const [later] = findRetractions(closeWindows([window(110)], watermarks, NOW_MS + 1_000), [window(300)]);
    expect(first).toMatchObject({ heldItems: 100, items: 200, promisedRatio: 0.99, closedAtMs: NOW_MS });
    expect(first?.id).toMatch(/^[0-9a-f]{32}$/);
    expect(later?.id).toBe(first?.id);
    const [other] = findRetractions(closeWindows([window(100, NOW_MS - 70_000)], watermarks, NOW_MS), [
      window(200, NOW_MS - 70_000),
    ]);
    expect(other?.id).not.toBe(first?.id);
  });

  it.each([30, 100, 500, 2_000])(
    'takes back at most one in 100,000 promises that were just kept, of %d',
    (items) => {
      const counts = Array.from({ length: items + 1 }, (_, late) => late);
      const fewest = counts.find((late) => findRetractions(closed(items - late), [window(items)]).length > 0);
      // P(late >= fewest), summed term by term, each from the one before.
      let term = 0.99 ** items;
      let below = 0;
      for (let late = 0; late < (fewest ?? 0); late++) {
        below += term;
        term *= ((items - late) / (late + 1)) * (0.01 / 0.99);
      }
      expect(1 - below).toBeLessThanOrEqual(1e-5);
      expect((fewest ?? items) / items).toBeLessThanOrEqual(0.2);
    },
  );

  it('names windows apart by source and start', () => {
    expect(windowKey(window(1))).not.toBe(windowKey(window(1, NOW_MS)));
  });
});
