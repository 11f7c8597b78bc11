import { binomialLowerTail, binomialUpperTail } from '../../core/binomial-tail.ts';
import { chiSquareUpperTail } from '../../core/chi-square-tail.ts';
import { wilson } from '../../core/interval.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';
import {
  DURATION_BOUNDS_MS,
  type PopulationWindow,
  type SamplingWindow,
} from '../../core/sampling/sampling-window.ts';
import { sumPopulation, windowsCounted } from './population.ts';
import { type SamplingCheck, type SamplingOutcome, type SamplingPolicy, unjudged } from './sampling-check.ts';
import { windowWeight } from './window-weight.ts';

/** Of a class, expected among the sampled: below ten no test is worth its name, below twenty no PASS. */
const EXPECTED_MIN = 10;
const EXPECTED_PASS_MIN = 20;

export interface ClassOptions {
  /** Slow is above this, one of DURATION_BOUNDS_MS. */
  readonly slowMs: (typeof DURATION_BOUNDS_MS)[number];
  /** Counter and spans are of exactly the same requests; else the counter's share is itself a draw. */
  readonly isSamePopulation: boolean;
}

interface ClassJudgement {
  readonly outcome: SamplingOutcome;
  readonly pValue: number;
  readonly share: number;
  readonly expectedShare: number;
  /** share / expectedShare. */
  readonly ratio: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly n: number;
}

/**
 * c5: is a class (errors, slow spans) over- or under-represented? Its weighted share is held against the counter's p0;
 * the variance p0 (1 - p0) sum w (w - 1) becomes that many trials of a binomial, exact also for few. The weights in it
 * are scaled to the population, so that a rate that is wrong for all classes alike (c3) is no bias; where more than
 * `weightlessMax` of the spans have no weight, shares are of rows. Without a counter, U must not depend on being an
 * error, which can show a bias and never its absence.
 * @see sampling.md section 5, c5
 */
export function checkClasses(
  input: {
    readonly windows: readonly SamplingWindow[];
    readonly populations: readonly PopulationWindow[];
    /** Heaviest weight among services it shares traces with. */
    readonly weightMax?: number;
  },
  options: ClassOptions,
  policy: SamplingPolicy,
): SamplingCheck {
  const { alpha } = policy;
  const population = sumPopulation(input.populations);
  const firstSlow = DURATION_BOUNDS_MS.indexOf(options.slowMs) + 1;
  const counted = {
    error: population?.errors ?? null,
    slow:
      population?.byDuration == null || firstSlow === 0 ? null : sum(population.byDuration.slice(firstSlow)),
  };
  if (population === null || (counted.error === null && counted.slow === null)) {
    return judgeByOffset(input.windows, alpha);
  }
  const { rows, countsRows } = rowsOf(windowsCounted(input.windows, input.populations), firstSlow, policy);
  const judged: Record<string, ClassJudgement> = {};
  for (const name of ['error', 'slow'] as const) {
    const members = counted[name];
    if (members === null) continue;
    judged[name] = judgeClass(
      rows.map((row) => ({ ...row, members: row[name] })),
      { requests: population.requests, members },
      { options, policy, looks: 2, weightMax: countsRows ? 0 : (input.weightMax ?? 0) },
    );
  }
  const worst = worstOf(Object.entries(judged));
  const { outcome, ratio, lower, upper, n, pValue } = worst.judgement;
  const verb = (ratio ?? 1) > 1 ? 'OVER' : 'UNDER';
  return {
    check: 'c5',
    outcome,
    code:
      outcome === 'fail'
        ? `${worst.name.toUpperCase()}S_${verb}_REPRESENTED`
        : outcome === 'pass'
          ? 'CLASSES_AGREE'
          : 'TOO_FEW_OF_CLASS',
    estimate: ratio,
    lower,
    upper,
    n,
    pValue: Math.min(1, Object.keys(judged).length * pValue),
    eValue: null,
    alpha,
    evidence: { class: worst.name, slowMs: options.slowMs, ...judged },
  };
}

interface Row {
  readonly weight: number;
  readonly roots: number;
  readonly error: number;
  readonly slow: number;
  readonly rootPairs: number;
}

function rowsOf(
  windows: readonly SamplingWindow[],
  firstSlow: number,
  policy: SamplingPolicy,
): { readonly rows: readonly Row[]; readonly countsRows: boolean } {
  const roots = sum(windows.map((window) => window.roots));
  const weightless = sum(windows.map((window) => (windowWeight(window) === null ? window.roots : 0)));
  const countsRows = weightless > policy.weightlessMax * roots;
  const rows = windows.map((window) => ({
    weight: window.oneIn * (countsRows ? 1 : (windowWeight(window) ?? 0)),
    roots: window.roots,
    error: window.errors,
    slow: sum(window.byDuration.slice(firstSlow)),
    rootPairs: window.rootPairs,
  }));
  return { rows, countsRows };
}

function judgeClass(
  rows: readonly (Row & { readonly members: number })[],
  counted: { readonly requests: number; readonly members: number },
  by: {
    readonly options: ClassOptions;
    readonly policy: SamplingPolicy;
    readonly looks: number;
    readonly weightMax: number;
  },
): ClassJudgement {
  const { policy } = by;
  const weightSum = sum(rows.map(({ weight, roots }) => weight * roots));
  const roots = sum(rows.map((row) => row.roots));
  const expectedShare = counted.requests === 0 ? 0 : counted.members / counted.requests;
  const share = weightSum === 0 ? 0 : sum(rows.map(({ weight, members }) => weight * members)) / weightSum;
  const members = sum(rows.map((row) => row.members));
  const ratio = expectedShare === 0 ? null : share / expectedShare;
  const base = { share, expectedShare, ratio, n: roots };
  if (members === 0 && counted.members === 0) {
    return { ...base, outcome: roots === 0 ? 'insufficient' : 'pass', pValue: 1, lower: null, upper: null };
  }
  const scale = counted.requests / weightSum;
  const heaviest = rows.reduce((most, row) => Math.max(most, row.roots > 0 ? row.weight : 0), by.weightMax);
  // Of a mix of weights the heaviest may have been missed by chance, as in `weightPerRoot`.
  const isMixed = rows.some((row) => row.roots > 0 && row.weight < heaviest);
  const unseen = isMixed ? Math.log(1 / policy.alpha) : 0;
  const variance = sum(
    [...rows, { weight: heaviest, roots: unseen }].map(
      ({ weight, roots: count }) => count * weight * scale * Math.max(0, weight * scale - 1),
    ),
  );
  const designEffect = Math.max(1, sum(rows.map(({ rootPairs }) => rootPairs)) / roots);
  const spread = designEffect * (variance + (by.options.isSamePopulation ? 0 : counted.requests));
  // All that the counter counted is here: nothing is left to chance but the rounding of weights.
  const trials = spread < 0.5 ? Number.POSITIVE_INFINITY : counted.requests ** 2 / spread;
  if (roots === 0 || expectedShare * Math.min(trials, counted.requests) < EXPECTED_MIN) {
    return { ...base, outcome: 'insufficient', pValue: 1, lower: null, upper: null };
  }
  const units = share * trials;
  const pValue = Number.isFinite(trials)
    ? Math.min(
        1,
        2 * binomialLowerTail(units, trials, expectedShare),
        2 * binomialUpperTail(units, trials, expectedShare),
      )
    : Math.abs(share - expectedShare) * counted.requests < 0.5
      ? 1
      : 0;
  const interval = Number.isFinite(trials)
    ? wilson(units, trials, normalQuantile(1 - policy.passAlpha / 2))
    : { lower: share, upper: share };
  const lower = interval.lower / expectedShare;
  const upper = interval.upper / expectedShare;
  const isNear = lower >= 1 / policy.classFactor && upper <= policy.classFactor;
  const passed = isNear && pValue > policy.doubtAlpha && expectedShare * trials >= EXPECTED_PASS_MIN;
  const failed = pValue * by.looks <= policy.alpha;
  return { ...base, outcome: failed ? 'fail' : passed ? 'pass' : 'insufficient', pValue, lower, upper };
}

const SEVERITY: readonly SamplingOutcome[] = ['fail', 'insufficient', 'pass'];

function worstOf(judged: readonly (readonly [string, ClassJudgement])[]): {
  readonly name: string;
  readonly judgement: ClassJudgement;
} {
  const [name, judgement] = [...judged].sort(
    ([, a], [, b]) => SEVERITY.indexOf(a.outcome) - SEVERITY.indexOf(b.outcome) || a.pValue - b.pValue,
  )[0] as [string, ClassJudgement];
  return { name, judgement };
}

/** Two rows (error, not) of 8 columns of U, under any threshold. */
function judgeByOffset(windows: readonly SamplingWindow[], alpha: number): SamplingCheck {
  const columns = 8;
  const table = Array.from({ length: columns }, () => ({ error: 0, other: 0 }));
  for (const { offsetBins, errorOffsetBins } of windows) {
    offsetBins.forEach((count, bin) => {
      const cell = table[Math.floor((bin * columns) / offsetBins.length)] as (typeof table)[number];
      const errors = errorOffsetBins[bin] ?? 0;
      cell.error += errors;
      cell.other += count - errors;
    });
  }
  const errors = sum(table.map(({ error }) => error));
  const all = errors + sum(table.map(({ other }) => other));
  const share = all === 0 ? 0 : errors / all;
  const stated = { alpha, n: all, evidence: { errors } };
  if (Math.min(share, 1 - share) * all < EXPECTED_MIN * columns) {
    return unjudged('c5', 'unverifiable', { code: 'NO_COUNTER', ...stated });
  }
  let chiSquare = 0;
  for (const { error, other } of table) {
    const expected = share * (error + other);
    if (expected > 0) chiSquare += ((error - expected) ** 2 / expected) * (1 / (1 - share));
  }
  const pValue = chiSquareUpperTail(chiSquare, columns - 1);
  const failed = pValue <= alpha;
  return {
    ...unjudged('c5', failed ? 'fail' : 'unverifiable', {
      code: failed ? 'ERRORS_DEPEND_ON_RANDOMNESS' : 'NO_COUNTER',
      ...stated,
    }),
    pValue,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
