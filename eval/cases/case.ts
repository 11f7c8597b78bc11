/** What a check said in one run, and what was true. An end that is null says nothing: the check did not know. */
export interface Observation {
  readonly lower: number | null;
  readonly upper: number | null;
  readonly truth: number;
}

/** Runs of one check under one fault; its interval must hold the truth in so many of them. */
export interface CoverageCase {
  /** The check as the catalogue and its verdicts name it: `C5 remote orphans, 10 min`. */
  readonly check: string;
  readonly fault: string;
  /** Which end is promised: most promise both, a bound promises one. */
  readonly holds: 'interval' | 'lower' | 'upper';
  /** Of the ends; a share unless said. */
  readonly unit?: 's';
  /** Share of runs in which it must hold: too many is a miss too, where the interval could be narrower. */
  readonly goal: { readonly min: number; readonly max: number };
  run(seed: number): Observation | Promise<Observation>;
}

/** Verdicts of one dimension under one condition in which a FAIL would be false, or would be right. */
export interface AlarmCount {
  readonly check: string;
  readonly condition: string;
  /** How much was judged: `7 days of 10 services, every minute`. */
  readonly exposure: string;
  readonly verdicts: number;
  readonly passes: number;
  readonly fails: number;
  /** Runs of FAIL verdicts of one source: what a person would be woken by. */
  readonly episodes: number;
  /** More FAIL verdicts than this share is a miss; 0 for a veto. */
  readonly failRatioMax: number;
  /** Of the FAILs, the commonest, for whoever looks into them. */
  readonly examples: readonly string[];
}

export interface AlarmOptions {
  readonly hours: number;
  readonly everyMs: number;
  readonly seed: number;
}

export interface AlarmCase {
  readonly name: string;
  run(options: AlarmOptions): Promise<AlarmCount[]>;
}

/** Cases that belong together; `--only` names it. */
export interface CaseGroup {
  readonly name: string;
  readonly title: string;
  readonly coverage: readonly CoverageCase[];
  readonly alarms: readonly AlarmCase[];
}
