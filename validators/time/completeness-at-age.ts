import type { CohortTally } from '../../core/cohort-tally.ts';
import type { Interval } from '../../core/interval.ts';
import { batchAwareInterval } from '../batch-aware-interval.ts';
import { COHORTS, COHORTS_PER_WIDTH } from './mature-cohorts.ts';

export interface CompletenessAtAge {
  /** Share of such events that are here when asked; null of no cohort. */
  readonly estimate: number | null;
  /** Holds in 95 of 100 cases for the very events that are asked about now; null of fewer than 60 cohorts. */
  readonly lower: number | null;
  /** The share that is not here yet, in the long run, two-sided 95 %: for a verdict. */
  readonly late: Interval | null;
  readonly n: number;
  /** How many batches of equal size would say as much: records of one batch share their delay. */
  readonly batches: number;
}

/**
 * How much of a source's events of some age is here: "the last 60 s are at least 93 % here". The question is asked again
 * at earlier moments, whose answers are known by now: of the events of that age then, how many had come.
 *
 * The lower end is the lower of two bounds, as each is blind where the other sees:
 * - *the worst of 60 moments*: whatever shape the lateness has and however batches hang together, the answer of now is
 *   like those before, and is seldom worse than the worst of them. Four moments share a width, so 60 are worth some 25
 *   (measured: it is worse in 2.5 to 4.8 % of cases; of 20 that share nothing in 3.8 to 6.3 %). It also keeps a bad
 *   time that is over for as long as the moments reach back, a quarter of an hour for the last minute.
 * - *the share late in the long run*, with an interval that knows of batches: that none was late in the moments asked
 *   does not mean that none will be. Of 180 batches none of which was late it says 97.9 %.
 * A band of Dvoretzky, Kiefer and Wolfowitz around the distribution of lateness was the first attempt. Over records it
 * is far too narrow, since they do not come alone; over batches it needs 3,700 of them to come within 2 %; and it
 * bounds a mean, while a minute of twelve batches, one of them late, lies well below its mean.
 *
 * Nothing here sees a delay that began within the lateness bound: the lateness of arrivals does, and the silence before.
 * @param cohorts of one source, from `matureCohorts`; the ages are those they were read with, counted back from now less
 *   our own lag: what we have not stored yet is no fault of the source
 */
export function completenessAtAge(cohorts: readonly CohortTally[]): CompletenessAtAge {
  // Those that share no event, for counting: every fourth.
  const apart = cohorts.filter((_, i) => i % COHORTS_PER_WIDTH === 0);
  const n = sum(apart.map(({ items }) => items));
  if (n === 0) return { estimate: null, lower: null, late: null, n: 0, batches: 0 };
  const batches = n ** 2 / sum(apart.map(({ batchItemsSquared }) => batchItemsSquared));
  const late = batchAwareInterval({
    bySecond: new Map(
      apart.map(({ askedMs, items, hereItems }) => [askedMs, { lost: items - hereItems, all: items }]),
    ),
    batchCount: batches,
  }) as Interval;
  const worst = Math.min(...cohorts.map(({ items, hereItems }) => hereItems / items));
  const lower = cohorts.length < COHORTS ? null : Math.max(0, Math.min(worst, 1 - late.upper));
  return { estimate: 1 - late.estimate, lower, late, n, batches };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
