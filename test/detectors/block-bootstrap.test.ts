import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../core/random-from.ts';
import { bootstrapMeans } from '../../detectors/statistics/block-bootstrap.ts';

/** Each value keeps `memory` of the one before; variance 1. */
function noise(n: number, memory: number, random: () => number): Float64Array {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const values = new Float64Array(n);
  values[0] = normal();
  for (let i = 1; i < n; i++) {
    values[i] = memory * (values[i - 1] as number) + Math.sqrt(1 - memory ** 2) * normal();
  }
  return values;
}

describe('bootstrapMeans', () => {
  // A stretch that follows the accepted one lies above the 97.5 % quantile of its draws in 2.5 % of runs, if they are true.
  it.each([
    ['independent values', 0, 0, 10],
    ['values that resemble each other', 0.9, 0, 60],
    ['a third unknown', 0.9, 0.33, 60],
  ])('tells how the mean of %s scatters', (_, memory, unknown, blockLength) => {
    const random = randomFrom(3);
    const runs = 600;
    let above = 0;
    for (let run = 0; run < runs; run++) {
      const values = noise(3_000, memory, random).map((value) => (random() < unknown ? Number.NaN : value));
      const means = bootstrapMeans(values.subarray(0, 2_400), {
        blockLength,
        length: 360,
        draws: 200,
        seed: run,
      });
      const next = values.subarray(2_640).filter((value) => !Number.isNaN(value));
      const mean = next.reduce((sum, value) => sum + value, 0) / next.length;
      if (mean > (means[194] as number)) above++;
    }
    // The limit itself is estimated: within a factor of two of the nominal 2.5 %.
    expect(above / runs).toBeGreaterThan(0.0125);
    expect(above / runs).toBeLessThan(0.05);
  });

  it('is narrower by far where neighbours are torn apart', () => {
    const values = noise(5_000, 0.98, randomFrom(4));
    const spread = (blockLength: number) => {
      const means = bootstrapMeans(values, { blockLength, length: 360, draws: 400, seed: 1 });
      return (means[390] as number) - (means[10] as number);
    };
    expect(spread(120)).toBeGreaterThan(3 * spread(1));
  });

  it('gives the same draws for the same seed, ascending', () => {
    const values = noise(500, 0.5, randomFrom(5));
    const of = { blockLength: 20, length: 100, draws: 50, seed: 9 };
    const means = bootstrapMeans(values, of);
    expect(means).toEqual(bootstrapMeans(values, of));
    expect([...means]).toEqual([...means].sort((a, b) => a - b));
    expect(means).not.toEqual(bootstrapMeans(values, { ...of, seed: 10 }));
  });

  it('draws nothing from nothing, and refuses a block of none', () => {
    const of = { blockLength: 60, length: 360, draws: 20, seed: 1 };
    expect(bootstrapMeans(new Float64Array(), of)).toHaveLength(0);
    expect(bootstrapMeans(new Float64Array(100).fill(Number.NaN), of)).toHaveLength(0);
    expect([...bootstrapMeans(Float64Array.of(2), of)]).toEqual(new Array(20).fill(2));
    expect(() => bootstrapMeans(Float64Array.of(2), { ...of, blockLength: 0 })).toThrow(RangeError);
  });
});
