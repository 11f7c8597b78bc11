import { binomialLowerTail, binomialUpperTail } from '../../core/binomial-tail.ts';
import { type Interval, wilson } from '../../core/interval.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';
import type { PopulationWindow, SamplingWindow } from '../../core/sampling/sampling-window.ts';
import { type Population, sumPopulation, windowsCounted } from './population.ts';
import { type SamplingCheck, type SamplingPolicy, unjudged } from './sampling-check.ts';
import { type WeighedRoots, weighRoots, weightPerRoot } from './weigh-roots.ts';

/** What the SDK counted as kept is held against what arrived only where its rate is the declared one, to this. */
const SAME_RATE_SD = 5;
const SAME_RATE_RATIO = 0.02;

/**
 * c3: adjusted count Y over the population N of an independent counter, against 1. Y / (sum w^2 / sum w) is held against
 * the binomial of N with the mean probability, exactly and for any count (under one threshold that is the number of
 * sampled spans itself); this is the null variance V0 = N (sum w^2 / sum w - 1), not the plug-in sum w (w - 1), whose
 * lower tail fires tenfold too often. Roots of one trace count by their design effect.
 * PASS takes the interval within 1 +- rateWithin, a deviation that is chance or below `tolerance`, and, where the SDK
 * says how many spans it kept, no proof lacking that they arrived.
 * @param input windows of one source and of one counter; `weightMax`: heaviest weight among services it shares traces
 *   with; `requestsInDoubt`: by how many the counter may be off, as it was not read at the windows' borders. A number
 *   and no share: of what is kept in full every request but these must be there.
 * @see sampling.md section 5, c3, and 6.1 to 6.3
 */
export function checkRate(
  input: {
    readonly windows: readonly SamplingWindow[];
    readonly populations: readonly PopulationWindow[];
    readonly weightMax?: number;
    readonly requestsInDoubt?: number;
  },
  policy: SamplingPolicy,
): SamplingCheck {
  const { alpha } = policy;
  const population = sumPopulation(input.populations);
  if (population === null) return unjudged('c3', 'unverifiable', { code: 'NO_COUNTER', alpha });
  const roots = weighRoots(windowsCounted(input.windows, input.populations));
  const evidence = { requests: population.requests, roots: roots.roots, weightless: roots.weightless };
  const stated = { alpha, n: roots.roots, evidence };
  if (roots.weightSum === 0 || roots.weightless > policy.weightlessMax * roots.roots) {
    const isEmpty = roots.roots === 0 && population.requests === 0;
    return isEmpty
      ? unjudged('c3', 'insufficient', { code: 'NO_TRAFFIC', ...stated })
      : unjudged('c3', 'unverifiable', { code: 'WEIGHTS_UNKNOWN', ...stated });
  }
  const weight = weightPerRoot(roots, { weightMax: Math.max(roots.weightMax, input.weightMax ?? 0), alpha });
  const inDoubt = input.requestsInDoubt ?? 0;
  const counted = { roots, weight, requests: population.requests, inDoubt };
  const tolerance = policy.tolerance + inDoubt / Math.max(1, population.requests);
  const pValue = rateTail(counted, policy.tolerance);
  const interval = rateInterval(counted, policy.passAlpha);
  const sdk = splitRate(roots, population, policy);
  const failed = pValue <= alpha;
  const isNear =
    Math.abs(interval.estimate - 1) <= tolerance ||
    rateTail({ ...counted, inDoubt: 0 }, 0) > policy.doubtAlpha;
  const isWithin =
    interval.lower >= 1 - policy.rateWithin && interval.upper <= 1 + policy.rateWithin && isNear;
  const mayBeLost = sdk !== null && sdk.lostUpper > Math.max(policy.lossTolerated, tolerance);
  const passed = !failed && isWithin && !mayBeLost;
  return {
    check: 'c3',
    outcome: failed ? 'fail' : passed ? 'pass' : 'insufficient',
    code: failed
      ? interval.estimate < 1
        ? 'COUNTS_TOO_LOW'
        : 'COUNTS_TOO_HIGH'
      : passed
        ? 'COUNTS_AGREE'
        : isWithin
          ? 'SAMPLED_SPANS_MISSING'
          : 'TOO_FEW_SPANS',
    ...interval,
    n: roots.roots,
    pValue,
    eValue: null,
    alpha,
    evidence: {
      ...evidence,
      adjustedCount: roots.weightSum,
      designEffect: roots.designEffect,
      ...(sdk ?? {}),
    },
  };
}

interface Counted {
  readonly roots: WeighedRoots;
  /** Per root, of which the binomial has 1 / weight as its chance. */
  readonly weight: number;
  readonly requests: number;
  readonly inDoubt: number;
}

/** Two-sided; the tolerance widens what is null. Weightless roots (few) count as the others where they would help. */
function rateTail({ roots, weight, requests, inDoubt }: Counted, tolerance: number): number {
  const units = roots.weightSum / weight / roots.designEffect;
  const weightless = ((roots.weightless / roots.roots) * units) / (1 - roots.weightless / roots.roots);
  const fewest = Math.max(0, requests - inDoubt) / roots.designEffect;
  const most = ((requests + inDoubt) * (1 + tolerance)) / roots.designEffect;
  return Math.min(
    1,
    2 * binomialLowerTail(Math.min(units + weightless, fewest), fewest, (1 - tolerance) / weight),
    2 * binomialUpperTail(units, most, 1 / weight),
  );
}

function rateInterval({ roots, weight, requests }: Counted, passAlpha: number): Interval {
  const estimate = roots.weightSum / requests;
  const trials = requests / roots.designEffect;
  if (trials === 0) return { estimate: Number.POSITIVE_INFINITY, lower: 0, upper: Number.POSITIVE_INFINITY };
  const units = roots.weightSum / weight / roots.designEffect;
  const share = wilson(Math.min(units, trials), trials, normalQuantile(1 - passAlpha / 2));
  // More than the population says that weights or counter are wrong; the width is that of all being kept.
  const beyond = Math.max(1, units / trials);
  return { estimate, lower: share.lower * weight * beyond, upper: share.upper * weight * beyond };
}

/**
 * Rate error told from loss, by what the SDK counted as kept: Y/N = (kept/N) * (received/kept) / declared. Null without
 * that counter, and where it keeps at another rate than the spans declare: then a later stage thins them, rightly or
 * not, and nothing follows for losses.
 */
function splitRate(
  roots: WeighedRoots,
  population: Population,
  policy: SamplingPolicy,
): { readonly rateRatio: number; readonly receivedRatio: number; readonly lostUpper: number } | null {
  const { sdkSampled, requests } = population;
  if (sdkSampled === null || sdkSampled === 0 || requests === 0) return null;
  const declared = roots.roots / (roots.weightSum / (1 - roots.weightless / roots.roots));
  const expected = requests * declared;
  const spread = SAME_RATE_SD * Math.sqrt(expected * roots.designEffect * (1 - Math.min(1, declared)));
  if (Math.abs(sdkSampled - expected) > spread + SAME_RATE_RATIO * expected) return null;
  const missing = Math.max(0, sdkSampled - roots.roots);
  return {
    rateRatio: sdkSampled / expected,
    receivedRatio: roots.roots / sdkSampled,
    lostUpper: wilson(missing, sdkSampled, normalQuantile(1 - policy.passAlpha)).upper,
  };
}
