import type { CohortTally } from '../../core/cohort-tally.ts';
import { dkwHalfWidth, type Interval } from '../../core/interval.ts';
import { binLower } from '../../core/log-bin.ts';
import { batchAwareInterval, type LossCounts } from '../batch-aware-interval.ts';
import { COHORTS } from './mature-cohorts.ts';

/** Chance that the lower end is too high: one side only, as nobody is hurt by more data than promised. */
const TAIL = 0.05;

/** Ages of the events that are asked about, ms: equal for one moment, 0 and 60,000 for the last minute. */
export interface Ages {
  readonly youngestMs: number;
  readonly oldestMs: number;
}

export interface CompletenessAtAge {
  /** Share of such events that are here already; null of no cohort. */
  readonly estimate: number | null;
  /** Holds for the ages asked, in 95 of 100 times; null of fewer than 20 cohorts. */
  readonly lower: number | null;
  /** Holds for all ages at once (Dvoretzky, Kiefer, Wolfowitz): wider. */
  readonly bandLower: number | null;
  /** What was not here yet at that age, with both ends: for a verdict on the late share. */
  readonly late: Interval | null;
  readonly n: number;
  /** How many batches of equal size would say as much: records of one batch share their delay. */
  readonly batches: number;
  readonly cohorts: number;
}

/**
 * How much of a source's events of some age is here: "the last 60 s are at least 93 % here". It is the distribution of
 * lateness, learned from mature cohorts; over a window it is its mean, as if events were spread evenly over it.
 *
 * The lower end is the lower of two bounds, since each is blind where the other sees:
 * - *of the distribution*: the share that was late with an interval that knows of batches (`batchAwareInterval`),
 *   their number counted as equal ones (Kish). Of 240 batches none of which was late it says 98.9 %.
 * - *the worst of 20 cohorts*: whatever shape the lateness has and however batches hang together, the next stretch of
 *   30 s falls below the worst of 20 like it in one of 21 cases. It is also what keeps a bad time that is over
 *   (for ten minutes), and what bounds a window of few batches, where the distribution says little.
 * A band of Dvoretzky, Kiefer and Wolfowitz over records would be far too narrow: they do not come alone. Over batches
 * it holds, but needs 3,700 of them to come within 2 %; it is given for who must choose the age afterwards.
 * Nothing here sees a delay that began within the lateness bound: the lateness of arrivals does.
 * @param cohorts of one source, from `matureCohorts`
 * @param ages less our own lag: what we have not stored yet is no fault of the source
 */
export function completenessAtAge(cohorts: readonly CohortTally[], ages: Ages): CompletenessAtAge {
  const cells = cohorts.map((cohort) => ({
    startMs: cohort.startMs,
    lost: lateItems(cohort.latenessBins, ages),
    all: cohort.items,
  }));
  const n = sum(cohorts.map(({ items }) => items));
  const squares = sum(cohorts.map(({ batchItemsSquared }) => batchItemsSquared));
  if (n === 0) {
    return { estimate: null, lower: null, bandLower: null, late: null, n: 0, batches: 0, cohorts: 0 };
  }
  const batches = n ** 2 / squares;
  const counts: LossCounts = {
    bySecond: new Map(cells.map(({ startMs, lost, all }) => [startMs, { lost, all }])),
    batchCount: batches,
  };
  const late = batchAwareInterval(counts, TAIL) as Interval;
  const estimate = 1 - late.estimate;
  const worst = Math.min(...cells.map(({ lost, all }) => 1 - lost / all));
  const isKnown = cohorts.length >= COHORTS;
  return {
    estimate,
    lower: isKnown ? Math.max(0, Math.min(worst, 1 - late.upper)) : null,
    bandLower: isKnown ? Math.max(0, Math.min(worst, estimate - dkwHalfWidth(batches, 1 - 2 * TAIL))) : null,
    late,
    n,
    batches,
    cohorts: cohorts.length,
  };
}

/** Records that were not here yet at those ages; a bin is here when its upper edge is. */
function lateItems(bins: ReadonlyMap<number, number>, { youngestMs, oldestMs }: Ages): number {
  let late = 0;
  for (const [bin, count] of bins) {
    const hereAtMs = bin < 0 ? 0 : binLower(bin + 1);
    if (hereAtMs > oldestMs) late += count;
    else if (hereAtMs > youngestMs) late += count * ((hereAtMs - youngestMs) / (oldestMs - youngestMs));
  }
  return late;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
