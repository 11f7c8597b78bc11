import { chiSquareQuantile } from '../core/chi-square-quantile.ts';
import { type Interval, wilson } from '../core/interval.ts';
import { normalQuantile } from '../core/normal-quantile.ts';
import { studentQuantile } from '../core/student-quantile.ts';

/** Lost and all, per second of event time, and how many export batches of the possible loser did arrive. */
export interface LossCounts {
  readonly bySecond: ReadonlyMap<number, { readonly lost: number; readonly all: number }>;
  readonly batchCount: number;
}

/** A second sees single exports of a busy service; five seconds are the SDKs' default export delay. */
const BUCKET_WIDTHS_S = [1, 5];
/** Losses that scatter over the buckets as if each record were lost alone in 95 of 100 such windows are taken so. */
const ALONE_LEVEL = 0.95;

/**
 * Interval of a lost share when losses come in batches. A plain Wilson interval takes each record as drawn alone:
 * with 5 % of 5 s batches lost its nominal 95 % cover 34 to 45 % (quality.md 3.0). Here:
 * - *design effect*: the variance of the ratio of sums over time buckets against the binomial one, for 1 s and for
 *   5 s buckets, and the larger counts; never below 1. Neighbouring buckets' covariance is added, as
 *   batches straddle their border (without it the coverage is 85 %). Wilson then runs on k / deff and n / deff.
 * - *lost alone*: where the spread is no larger than single losses would make it (a chi-square test per width), the
 *   effect is 1 and nothing is estimated. Without this the noise of the effect alone, always taken upwards, made
 *   the interval of single losses a quarter too wide and its coverage 99 %. Lost batches are not overlooked, as
 *   their effect is about the size of a batch; where a batch is one or two records, single is what they are.
 * - *few buckets*: the variance of a handful of buckets is itself a guess, so n shrinks further by (z / t)^2 with
 *   m - 1 degrees of freedom.
 * - *no loss seen, or little*: its pattern cannot be known, so the worst is assumed: batches are lost whole, and of
 *   the B that arrived none was. The upper end is never below Wilson's of 0 in B; this also keeps one lost record
 *   from making the interval narrower than none.
 * - *all lost*: batches that never arrived cannot be counted; each 5 s bucket stands for one.
 * Measured coverage of the nominal 95 %: 93 to 98 % over ten minutes and over 40 s, for single losses and batches of
 * up to 5 s, 0.5 to 20 % lost, out of step with the buckets (docs/calibration.md); 90 % where 30 % of 5 s batches are
 * lost for 40 s, 88 % for batches of 30 s.
 * @param tail chance allowed on each side, 0.025 for 95 %
 * @returns null where nothing was counted
 * @see Cochran 1977, Sampling Techniques, 6.3; Korn and Graubard 1998, Survey Methodology 24, 193-201
 */
export function batchAwareInterval(counts: LossCounts, tail = 0.025): Interval | null {
  const z = normalQuantile(1 - tail);
  const { lost, all } = sum(counts.bySecond.values());
  if (all === 0) return null;
  const noneOfBatches = counts.batchCount === 0 ? 1 : wilson(0, counts.batchCount, z).upper;
  if (lost === 0) return { estimate: 0, lower: 0, upper: noneOfBatches };
  const n = effectiveCount(counts, { lost, all }, tail);
  const interval = wilson((lost / all) * n, n, z);
  return { ...interval, upper: Math.max(interval.upper, noneOfBatches) };
}

/** How many independent draws the records are worth; at least one, at most as many as there are. */
export function effectiveCount(
  counts: LossCounts,
  total: { readonly lost: number; readonly all: number },
  tail = 0.025,
): number {
  const z = normalQuantile(1 - tail);
  const divisors = BUCKET_WIDTHS_S.map((widthS) => {
    const { degrees, squares, crossed } = spreadOf(counts, total, widthS);
    // One bucket shows no spread, and a total loss none either.
    if (degrees < 1 || total.lost === total.all) return total.all / (counts.batchCount + degrees + 1);
    if (squares <= chiSquareQuantile(ALONE_LEVEL, degrees) / degrees) return 1;
    const deff = squares + 2 * Math.max(0, crossed);
    return Math.max(1, deff) * (studentQuantile(1 - tail, degrees) / z) ** 2;
  });
  return Math.max(1, total.all / Math.max(1, ...divisors));
}

/**
 * Do losses scatter over the buckets as single draws do, beyond which they are at any width in one of 1 / (1 - level)
 * windows at the most? And would they not, had batches of `batchSize` records been lost whole?
 */
export function scattersAlone(
  counts: LossCounts,
  level: number,
): { readonly isAlone: boolean; readonly showsBatches: (batchSize: number) => boolean } {
  const total = sum(counts.bySecond.values());
  if (total.lost === 0 || total.lost === total.all) return { isAlone: false, showsBatches: () => false };
  const spreads = BUCKET_WIDTHS_S.map((widthS) => spreadOf(counts, total, widthS));
  const most = (degrees: number) => chiSquareQuantile(level, degrees) / degrees;
  const least = (degrees: number) => chiSquareQuantile(1 - level, degrees) / degrees;
  return {
    isAlone: spreads.every(({ degrees, squares }) => degrees >= 1 && squares <= most(degrees)),
    showsBatches: (batchSize) =>
      spreads.some(({ degrees }) => degrees >= 1 && batchSize * least(degrees) > most(degrees)),
  };
}

/** Of the lost per bucket, in units of what single draws would give. */
function spreadOf(counts: LossCounts, { lost, all }: { lost: number; all: number }, widthS: number) {
  const cells = [...regroup(counts.bySecond, widthS)].sort(([a], [b]) => a - b).map(([, cell]) => cell);
  const share = lost / all;
  const degrees = cells.length - 1;
  const residuals = cells.map((cell) => cell.lost - share * cell.all);
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  const crossed = residuals.reduce((sum, residual, i) => sum + residual * (residuals[i - 1] ?? 0), 0);
  const binomial = (all * share * (1 - share) * degrees) / (degrees + 1);
  return { degrees, squares: squares / binomial, crossed: crossed / binomial };
}

function regroup(bySecond: LossCounts['bySecond'], widthS: number) {
  const cells = new Map<number, { lost: number; all: number }>();
  for (const [startMs, { lost, all }] of bySecond) {
    const key = Math.floor(startMs / (widthS * 1_000));
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, { lost, all });
    else {
      cell.lost += lost;
      cell.all += all;
    }
  }
  return cells;
}

function sum(cells: Iterable<{ readonly lost: number; readonly all: number }>): {
  lost: number;
  all: number;
} {
  const total = { lost: 0, all: 0 };
  for (const cell of cells) {
    total.lost += cell.lost;
    total.all += cell.all;
  }
  return total;
}
