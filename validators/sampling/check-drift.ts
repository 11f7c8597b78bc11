import { normalQuantile } from '../../core/normal-quantile.ts';
import { normalUpperTail } from '../../core/normal-tail.ts';
import type { PopulationWindow, SamplingWindow } from '../../core/sampling/sampling-window.ts';
import { type Kept, logRateChange } from './rate-change.ts';
import { type SamplingCheck, type SamplingPolicy, unjudged } from './sampling-check.ts';
import { type WeighedRoots, weighRoots, weightPerRoot } from './weigh-roots.ts';

/** PASS takes this many kept in each half. */
const KEPT_MIN = 100;
/** A split with fewer on a side says nothing by its ratio. */
const SPLIT_MIN = 20;

interface DriftInput {
  readonly windows: readonly SamplingWindow[];
  /** Of one counter. */
  readonly populations: readonly PopulationWindow[];
  /** Heaviest weight among services it shares traces with. */
  readonly weightMax?: number;
}

interface Look extends Kept {
  readonly startMs: number;
}

/**
 * c8: did the effective rate change within these windows? Every window may be where it did: the mean of their e-values
 * (`logRateChange`) is an e-value too, FAIL at 1 / lifetimeAlpha; `evidence.shiryaevRoberts` is their sum, whose mean
 * run length to a false alarm is at least its level in windows, for whoever watches without end.
 * Kept is Y over the weight per root, so declared rates may change; where weights are unknown, the roots themselves,
 * from the last change of declared weights on. Begin anew when the source or its counter does.
 * @see sampling.md section 5, c8, and 6.6
 */
export function checkDrift(input: DriftInput, policy: SamplingPolicy): SamplingCheck {
  const alpha = policy.lifetimeAlpha;
  if (input.populations.length === 0) return unjudged('c8', 'unverifiable', { code: 'NO_COUNTER', alpha });
  const looks = looksOf(input, policy);
  const whole = total(looks);
  const splits = looks.slice(1).map((look, index) => ({
    startMs: look.startMs,
    before: total(looks.slice(0, index + 1)),
    after: total(looks.slice(index + 1)),
  }));
  if (splits.length === 0) {
    return unjudged('c8', 'insufficient', { code: 'TOO_FEW_WINDOWS', alpha, n: whole.kept });
  }
  const logs = splits.map(({ before, after }) => logRateChange(before, after, policy.tolerance));
  const logSum = logSumExp(logs);
  const eValue = Math.exp(Math.min(700, logSum - Math.log(splits.length)));
  const likeliest = splits[logs.indexOf(Math.max(...logs))] as (typeof splits)[number];
  const failed = eValue >= 1 / alpha;
  const shown = failed ? likeliest : (splits[Math.floor((splits.length - 1) / 2)] as (typeof splits)[number]);
  const ratio = ratioOf(shown.before, shown.after, policy.passAlpha);
  const passed = !failed && maySteady(splits, policy) && isWithin(ratio, policy) && hasEnough(shown);
  return {
    check: 'c8',
    outcome: failed ? 'fail' : passed ? 'pass' : 'insufficient',
    code: failed
      ? (ratio?.estimate ?? 0) < 1
        ? 'RATE_FELL'
        : 'RATE_ROSE'
      : passed
        ? 'RATE_STEADY'
        : 'TOO_FEW_SPANS',
    estimate: ratio?.estimate ?? null,
    lower: ratio?.lower ?? null,
    upper: ratio?.upper ?? null,
    n: whole.kept,
    pValue: null,
    eValue,
    alpha,
    evidence: {
      sinceMs: failed ? likeliest.startMs : null,
      rateBefore: rateOf(likeliest.before),
      rateAfter: rateOf(likeliest.after),
      shiryaevRoberts: Math.exp(Math.min(700, logSum)),
    },
  };
}

/** Kept and population by window, in order of time. */
function looksOf({ windows, populations, weightMax }: DriftInput, policy: SamplingPolicy): Look[] {
  const rows = Map.groupBy(windows, ({ startMs }) => startMs);
  const requests = new Map<number, number>();
  for (const population of populations) {
    requests.set(population.startMs, (requests.get(population.startMs) ?? 0) + population.requests);
  }
  const steps = [...requests.keys()]
    .sort((a, b) => a - b)
    .map((startMs) => ({ startMs, rows: rows.get(startMs) ?? [], requests: requests.get(startMs) ?? 0 }));
  const all = weighRoots(steps.flatMap((step) => step.rows));
  if (all.weightSum === 0 || all.weightless > policy.weightlessMax * all.roots) {
    return sinceDeclared(steps).map(({ startMs, rows: its, requests: count }) =>
      look(startMs, { kept: sum(its.map(({ roots, oneIn }) => roots * oneIn)), requests: count }, all),
    );
  }
  // The heaviest stretch of one declaration sets the variance of all: others are then held more loosely.
  const weights = stretches(steps).map((stretch) => {
    const roots = weighRoots(stretch.flatMap((step) => step.rows));
    const heaviest = Math.max(roots.weightMax, weightMax ?? 0);
    return weightPerRoot(roots, { weightMax: heaviest, alpha: policy.lifetimeAlpha });
  });
  const weight = Math.max(...weights);
  return steps.map(({ startMs, rows: its, requests: count }) =>
    look(startMs, { kept: weighRoots(its).weightSum / weight, requests: count }, all),
  );
}

function look(startMs: number, of: { kept: number; requests: number }, { designEffect }: WeighedRoots): Look {
  return {
    startMs,
    kept: Math.min(of.kept, of.requests) / designEffect,
    trials: of.requests / designEffect,
  };
}

interface Step {
  readonly startMs: number;
  readonly rows: readonly SamplingWindow[];
  readonly requests: number;
}

/** Where no weight of one window is in the stretch before, somebody declared another rate. */
function stretches(steps: readonly Step[]): Step[][] {
  const found: Step[][] = [];
  let keys = new Set<string>();
  for (const step of steps) {
    const its = step.rows.filter(
      ({ weightKind, roots }) => roots > 0 && weightKind !== 'none' && weightKind !== 'invalid',
    );
    const isNew = keys.size > 0 && its.length > 0 && its.every(({ weightKey }) => !keys.has(weightKey));
    const current = found.at(-1);
    if (current === undefined || isNew) {
      found.push([step]);
      keys = new Set();
    } else current.push(step);
    for (const { weightKey } of its) keys.add(weightKey);
  }
  return found;
}

function sinceDeclared(steps: readonly Step[]): readonly Step[] {
  return stretches(steps).at(-1) ?? [];
}

function total(looks: readonly Kept[]): Kept {
  return { kept: sum(looks.map(({ kept }) => kept)), trials: sum(looks.map(({ trials }) => trials)) };
}

function rateOf({ kept, trials }: Kept): number | null {
  return trials === 0 ? null : kept / trials;
}

/** Rate after over rate before, by the normal form of its logarithm. */
function ratioOf(
  before: Kept,
  after: Kept,
  alpha: number,
): { estimate: number; lower: number; upper: number } | null {
  const spread = logSpread(before, after);
  if (spread === null) return null;
  const estimate = after.kept / after.trials / (before.kept / before.trials);
  const reach = Math.exp(normalQuantile(1 - alpha / 2) * spread);
  return { estimate, lower: estimate / reach, upper: estimate * reach };
}

function logSpread(before: Kept, after: Kept): number | null {
  if (before.kept === 0 || after.kept === 0) return null;
  const part = ({ kept, trials }: Kept) => (1 - kept / trials) / kept;
  return Math.sqrt(part(before) + part(after));
}

/** No split by itself says that the rate moved beyond the tolerance. */
function maySteady(
  splits: readonly { readonly before: Kept; readonly after: Kept }[],
  { tolerance, doubtAlpha }: SamplingPolicy,
): boolean {
  return splits.every(({ before, after }) => {
    if (Math.min(before.kept, after.kept) < SPLIT_MIN) return true;
    const spread = logSpread(before, after) ?? 0;
    const moved = Math.abs(Math.log(after.kept / after.trials / (before.kept / before.trials)));
    const beyond = Math.max(0, moved - Math.log1p(tolerance));
    return beyond === 0 || (spread > 0 && 2 * splits.length * normalUpperTail(beyond / spread) > doubtAlpha);
  });
}

function isWithin(
  ratio: { readonly lower: number; readonly upper: number } | null,
  { driftWithin }: SamplingPolicy,
): boolean {
  return ratio !== null && ratio.lower >= 1 / (1 + driftWithin) && ratio.upper <= 1 + driftWithin;
}

function hasEnough({ before, after }: { readonly before: Kept; readonly after: Kept }): boolean {
  return Math.min(before.kept, after.kept) >= KEPT_MIN;
}

function logSumExp(logs: readonly number[]): number {
  const most = Math.max(...logs);
  return most + Math.log(sum(logs.map((log) => Math.exp(log - most))));
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
