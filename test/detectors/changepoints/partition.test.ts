import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partition } from '../../../detectors/changepoints/partition.ts';
import { type SegmentModel, segmentCost } from '../../../detectors/changepoints/segment-cost.ts';
import { segmentResiduals } from '../../../detectors/changepoints/segment-residuals.ts';

const models: readonly SegmentModel[] = ['constant', 'linear'];
const LENGTH_MIN = 3;

/** Every way to cut a short series, no segment shorter than three. */
function allPartitions(length: number): number[][] {
  if (length < LENGTH_MIN) return [];
  const cuts: number[][] = [[]];
  for (let last = LENGTH_MIN; last <= length - LENGTH_MIN; last++) {
    for (const before of allPartitions(last)) cuts.push([...before, last]);
  }
  return cuts;
}

function squaresLeft(values: readonly number[], changes: readonly number[], model: SegmentModel): number {
  return segmentResiduals(values, changes, model).reduce((sum, r) => sum + r * r, 0);
}

describe('partition', () => {
  it.each(models)('is as good as the best of all partitions: %s', (model) => {
    const series = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 6, maxLength: 14 });
    fc.assert(
      fc.property(series, fc.integer({ min: 0, max: 40 }), (values, penalty) => {
        const total = (changes: readonly number[]) =>
          squaresLeft(values, changes, model) + penalty * changes.length;
        const found = partition(segmentCost([values], model), { penalty, lengthMin: LENGTH_MIN });
        const best = Math.min(...allPartitions(values.length).map(total));
        expect(total(found)).toBeCloseTo(best, 6);
      }),
      { numRuns: 300 },
    );
  });

  it('has the cost of the fit it stands for, of all channels together', () => {
    const channels = [
      [1, 4, 2, 8, 5, 7],
      [0, 1, 2, 3, 4, 6],
    ];
    for (const model of models) {
      const cost = segmentCost(channels, model);
      const left = channels.map((values) => squaresLeft(values.slice(1, 5), [], model));
      expect(cost.of(1, 5)).toBeCloseTo((left[0] as number) + (left[1] as number), 9);
    }
  });

  it('finds nothing in a series shorter than two segments', () => {
    expect(partition(segmentCost([[1, 9]], 'constant'), { penalty: 0, lengthMin: 3 })).toEqual([]);
    expect(partition(segmentCost([[]], 'constant'), { penalty: 0, lengthMin: 3 })).toEqual([]);
  });
});
