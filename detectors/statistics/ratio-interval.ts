import { quantileSorted } from 'simple-statistics';
import type { Interval } from '../../core/interval.ts';
import { randomFrom } from '../../core/random-from.ts';

const RESAMPLES = 200;
/** The same blocks give the same interval. */
const SEED = 1;

/**
 * 95 % interval of sum(above) / sum(below) over blocks of time, by resampling whole blocks: neighbouring minutes
 * resemble each other, blocks of hours much less. Fewer than 8 blocks make it too narrow.
 * @param above a block each; NaN blocks are left out
 * @returns NaN of no block
 * @see Künsch 1989, doi:10.1214/aos/1176347265
 */
export function ratioInterval(above: readonly number[], below: readonly number[]): Interval {
  const known = above.flatMap((value, i) => (Number.isNaN(value + (below[i] as number)) ? [] : [i]));
  const of = (blocks: readonly number[]): number => {
    let [up, down] = [0, 0];
    for (const i of blocks) {
      up += above[i] as number;
      down += below[i] as number;
    }
    return up / down;
  };
  if (known.length === 0) return { estimate: Number.NaN, lower: Number.NaN, upper: Number.NaN };
  const random = randomFrom(SEED);
  const resampled = Array.from({ length: RESAMPLES }, () =>
    of(known.map(() => known[Math.floor(random() * known.length)] as number)),
  ).sort((a, b) => a - b);
  return {
    estimate: of(known),
    lower: quantileSorted(resampled, 0.025),
    upper: quantileSorted(resampled, 0.975),
  };
}
