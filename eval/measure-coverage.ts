import { type Interval, wilson } from '../core/interval.ts';
import type { CoverageCase, Observation } from './cases/case.ts';

export interface Coverage {
  readonly check: string;
  readonly fault: string;
  readonly holds: CoverageCase['holds'];
  readonly goal: CoverageCase['goal'];
  readonly unit: 'ratio' | 's';
  readonly runs: number;
  /** Runs in which the check did not know: neither right nor wrong. */
  readonly unknown: number;
  /** Share of the others in which it held, with the 95 % interval of that share; null when none is left. */
  readonly coverage: Interval | null;
  /** Median width where both ends were given; null where one end is all that is promised. */
  readonly width: number | null;
  readonly isMet: boolean;
}

/** Runs a case with the seeds 1 to `runs`. */
export async function measureCoverage(one: CoverageCase, runs: number): Promise<Coverage> {
  const observations: Observation[] = [];
  for (let seed = 1; seed <= runs; seed++) observations.push(await one.run(seed));
  const known = observations.filter((seen) => isKnown(seen, one.holds));
  const held = known.filter((seen) => holds(seen, one.holds)).length;
  const coverage = known.length === 0 ? null : wilson(held, known.length);
  const widths = known.map(({ lower, upper }) => (upper ?? 0) - (lower ?? 0)).sort((a, b) => a - b);
  const { check, fault, goal } = one;
  const share = coverage?.estimate ?? 0;
  return {
    check,
    fault,
    holds: one.holds,
    goal,
    unit: one.unit ?? 'ratio',
    runs,
    unknown: runs - known.length,
    coverage,
    width: one.holds === 'interval' ? (widths[Math.floor(widths.length / 2)] ?? null) : null,
    isMet: share >= goal.min && share <= goal.max,
  };
}

function isKnown({ lower, upper }: Observation, promised: CoverageCase['holds']): boolean {
  return (promised === 'upper' || lower !== null) && (promised === 'lower' || upper !== null);
}

function holds({ lower, upper, truth }: Observation, promised: CoverageCase['holds']): boolean {
  const isAbove = promised === 'upper' || truth >= (lower as number);
  const isBelow = promised === 'lower' || truth <= (upper as number);
  return isAbove && isBelow;
}
