import { type Interval, wilson } from '../../core/interval.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';
import { studentQuantile } from '../../core/student-quantile.ts';
import type { WindowEstimate } from '../judge-windows.ts';

/** What one process counted in one window. */
export interface CountedLoss {
  readonly startMs: number;
  readonly endMs: number;
  /** Per interval between two reports. */
  readonly cells: readonly { readonly lost: number; readonly all: number }[];
  /** How many were lost at least and at most, given that a report reads its counters one after the other. */
  readonly lostMin: number;
  readonly lostMax: number;
  /** Exports in the window: at worst, losses are of whole ones. */
  readonly batches: number;
  /** Losses are known to be of whole exports. */
  readonly isWhole: boolean;
  /** Variance of the number lost that sampling adds, 0 where all is kept. */
  readonly samplingVariance: number;
}

const ITEMS_MIN = 30;
const TAIL = 0.025;
/** Fewer intervals do not tell how losses cluster. */
const CELLS_MIN = 6;

/** The lost share of what several processes counted, with `countedInterval`. Null of nothing. */
export function poolCounted(
  counted: readonly CountedLoss[],
  window: { readonly startMs: number; readonly endMs: number; readonly mayPass: boolean },
): WindowEstimate {
  return {
    interval: countedInterval(counted),
    n: Math.round(sum(counted.flatMap(({ cells }) => cells.map(({ all }) => all)))),
    startMs: Math.min(window.endMs, ...counted.map(({ startMs }) => startMs)),
    endMs: counted.length === 0 ? window.endMs : Math.max(...counted.map(({ endMs }) => endMs)),
    mayPass: window.mayPass,
  };
}

/**
 * Interval of the rate at which records are lost. The counts are exact; what is not is how far they speak for the
 * records that follow. So, beside the tolerance of the counts (`lostMin`, `lostMax`) and of sampling, independent of each
 * other and therefore added as squares:
 * - *whole exports*: where they are lost whole, each export is one draw.
 * - *else* the spread between intervals tells how losses cluster, never below single records; with fewer than six
 *   intervals it cannot, and each export is one draw.
 * - *none lost, or few*: the upper end is never below Wilson's of 0 in B exports.
 * Measured coverage of the nominal 95 %, of 200 runs each at 0.5, 2, 5 and 20 % lost: SDK funnel 96 to 98.5 %, hop ledger
 * 97 to 99 %, requests against spans 95.5 to 100 %, SDK against store 96 to 100 %; over two intervals 97.5 to 100 %.
 */
function countedInterval(counted: readonly CountedLoss[]): Interval | null {
  const cells = counted.flatMap((one) => one.cells);
  const all = sum(cells.map((cell) => cell.all));
  if (all < ITEMS_MIN) return null;
  const lost = clamp(sum(cells.map((cell) => cell.lost)), 0, all);
  const z = normalQuantile(1 - TAIL);
  const batches = clamp(sum(counted.map((one) => one.batches)), 1, all);
  const whole = all / batches;
  const spread = spreadOf(cells, { lost, all });
  const isWhole = spread === null || counted.some((one) => one.isWhole);
  const n = all / (isWhole ? Math.max(whole, spread ?? 0) : Math.max(1, spread));
  const estimate = lost / all;
  const drawn = wilson(estimate * n, n, z);
  const sampled = z * Math.sqrt(sum(counted.map((one) => one.samplingVariance)));
  const less = Math.max(0, lost - sum(counted.map((one) => one.lostMin)));
  const more = Math.max(0, sum(counted.map((one) => one.lostMax)) - lost);
  const lower = estimate - Math.hypot(estimate - drawn.lower, sampled / all, less / all);
  const upper = estimate + Math.hypot(drawn.upper - estimate, sampled / all, more / all);
  return {
    estimate,
    lower: Math.max(0, lower),
    upper: Math.min(1, Math.max(upper, wilson(0, batches, z).upper)),
  };
}

/** Design effect between intervals, widened for their small number; null where it cannot be told. */
function spreadOf(
  cells: CountedLoss['cells'],
  { lost, all }: { readonly lost: number; readonly all: number },
): number | null {
  const filled = cells.filter((cell) => cell.all > 0);
  const share = lost / all;
  if (filled.length < CELLS_MIN || share === 0 || share === 1) return null;
  const squares = sum(filled.map((cell) => (cell.lost - share * cell.all) ** 2));
  const degrees = filled.length - 1;
  const widening = (studentQuantile(1 - TAIL, degrees) / normalQuantile(1 - TAIL)) ** 2;
  return (filled.length / degrees) * (squares / (all * share * (1 - share))) * widening;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
