import { COUNT, type CounterCell, type CounterCurve } from './counter-curve.ts';

/** What a process had counted at a moment, since its first reading here. */
export interface CurvePoint {
  readonly counts: readonly number[];
  /** Of the count, as requests come one by one at a steady rate. */
  readonly variance: number;
  /** How far off the count may be where the rate changed between the two readings; alike for all processes. */
  readonly skew: number;
  /** Place of the cell and of the moment in it, for moments of one cell. */
  readonly cell: number;
  readonly fraction: number;
}

/** A final report is made when a process ends in order: it comes sooner than the next would have. */
const FLUSHED_MAX = 0.8;

/**
 * Between two readings a count is shared out by time. A request falls before the moment with chance f, so the share is
 * off by a binomial error of variance C f (1 - f). If the rate changed in between, at an unknown moment, the share is
 * off by at most |change| L f (1 - f): the change is judged by the cells beside it, beyond what chance makes of them.
 * @returns null where it cannot be known: before the first reading of a process that counted already, and in or next
 *   to cells of which some was never told
 */
export function curveAt(curve: CounterCurve, timeMs: number): CurvePoint | null {
  const { cells, isBorn } = curve;
  const first = cells[0] as CounterCell;
  if (timeMs <= first.startMs) {
    if (!isBorn && timeMs < first.startMs) return null;
    return { counts: first.before, variance: 0, skew: 0, cell: -1, fraction: 0 };
  }
  const index = cells.findIndex(({ endMs }) => timeMs <= endMs);
  if (index === -1) return afterEnd(curve);
  const cell = cells[index] as CounterCell;
  const lengthMs = cell.endMs - cell.startMs;
  const fraction = (timeMs - cell.startMs) / lengthMs;
  const spread = fraction * (1 - fraction);
  return {
    counts: countsAt(cell, fraction),
    variance: (cell.counts[COUNT.all] as number) * spread,
    skew: spread * lengthMs * rateChange(cells, index),
    cell: index,
    fraction,
  };
}

function countsAt({ before, counts }: CounterCell, fraction: number): number[] {
  return before.map((sum, place) => sum + fraction * (counts[place] as number));
}

/** A process that is silent has ended; what it counted after its last report was never told, unless it said so. */
function afterEnd({ cells, cadenceMs }: CounterCurve): CurvePoint {
  const last = cells.at(-1) as CounterCell;
  const isFlushed = cells.length > 1 && last.endMs - last.startMs < FLUSHED_MAX * cadenceMs;
  const untold = isFlushed ? 0 : ratePerMs(last) * cadenceMs;
  return { counts: countsAt(last, 1), variance: untold ** 2 / 3, skew: 0, cell: cells.length, fraction: 0 };
}

function rateChange(cells: readonly CounterCell[], index: number): number {
  const near = [cells[index - 1], cells[index], cells[index + 1]].filter((cell) => cell !== undefined);
  let most = 0;
  for (const a of near) {
    for (const b of near) {
      const chance = varianceOfRate(a) + varianceOfRate(b);
      most = Math.max(most, (ratePerMs(a) - ratePerMs(b)) ** 2 - CHANCE * chance);
    }
  }
  return Math.sqrt(most);
}

/** Of the largest of three differences, chance alone seldom makes more than that many variances. */
const CHANCE = 4;

function ratePerMs({ counts, startMs, endMs }: CounterCell): number {
  return (counts[COUNT.all] as number) / (endMs - startMs);
}

function varianceOfRate({ counts, startMs, endMs }: CounterCell): number {
  return Math.max(1, counts[COUNT.all] as number) / (endMs - startMs) ** 2;
}
