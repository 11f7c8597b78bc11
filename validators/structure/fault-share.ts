import { type Interval, wilson } from '../../core/interval.ts';
import { effectiveCount } from '../batch-aware-interval.ts';

/** Records with a fault and all records, in cells within which faults come together: a bucket, or a writer. */
export interface FaultCounts {
  readonly faulty: number;
  readonly all: number;
  readonly cells: readonly { readonly faulty: number; readonly all: number }[];
  /** How many exports, or series, the records are of at least. */
  readonly batchCount: number;
}

const RECORDS_MIN = 30;
/** Wider than the widest bucket of effectiveCount, so that each cell stays its own. */
const CELL_MS = 10_000;

/**
 * The share of records with a fault. All records that came were looked at, so with none the plain Wilson interval
 * holds; faults that did come may be one client's single batch, so then the cells' design effect counts.
 * @returns null under 30 records
 */
export function faultShare({ faulty, all, cells, batchCount }: FaultCounts): Interval | null {
  if (all < RECORDS_MIN) return null;
  if (faulty === 0) return wilson(0, all);
  const bySecond = new Map(cells.map((cell, i) => [i * CELL_MS, { lost: cell.faulty, all: cell.all }]));
  const n = effectiveCount({ bySecond, batchCount }, { lost: faulty, all });
  return wilson((faulty / all) * n, n);
}

/** Adds cells up. */
export function countFaults(cells: FaultCounts['cells'], batchCount: number): FaultCounts {
  const faulty = cells.reduce((sum, cell) => sum + cell.faulty, 0);
  const all = cells.reduce((sum, cell) => sum + cell.all, 0);
  return { faulty, all, cells, batchCount };
}
