import type { AlarmCount, CaseGroup } from './cases/case.ts';
import { type Coverage, measureCoverage } from './measure-coverage.ts';

export interface Calibration {
  readonly group: string;
  readonly title: string;
  readonly coverage: readonly Coverage[];
  readonly alarms: readonly (AlarmCount & { readonly isMet: boolean })[];
}

export interface CalibrationOptions {
  /** Of each coverage case. */
  readonly runs: number;
  /** Of healthy traffic, in virtual time. */
  readonly hours: number;
  /** How often is judged in virtual time. */
  readonly everyMs: number;
  /** Of cases of alarms; runs of coverage have the seeds 1, 2, 3 … */
  readonly seed: number;
  /** Told before each case. */
  readonly onCase: (name: string) => void;
}

/** Runs every case of the groups; the same options, the same table. */
export async function calibrate(
  groups: readonly CaseGroup[],
  { runs, hours, everyMs, seed, onCase }: CalibrationOptions,
): Promise<Calibration[]> {
  const results: Calibration[] = [];
  for (const { name, title, coverage, alarms } of groups) {
    const covered: Coverage[] = [];
    for (const one of coverage) {
      onCase(`${one.check}: ${one.fault}`);
      covered.push(await measureCoverage(one, runs));
    }
    const counted: AlarmCount[] = [];
    for (const one of alarms) {
      onCase(one.name);
      counted.push(...(await one.run({ hours, everyMs, seed })));
    }
    const judged = counted.map((count) => ({
      ...count,
      isMet: count.verdicts > 0 && count.fails <= count.failRatioMax * count.verdicts,
    }));
    results.push({ group: name, title, coverage: covered, alarms: judged });
  }
  return results;
}
