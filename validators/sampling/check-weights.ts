import { binomialUpperTail } from '../../core/binomial-tail.ts';
import { wilson } from '../../core/interval.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';
import type { SamplingWindow } from '../../core/sampling/sampling-window.ts';
import { type SamplingCheck, type SamplingPolicy, unjudged } from './sampling-check.ts';
import { windowWeight } from './window-weight.ts';

/**
 * c9: share of local roots without a weight. FAIL when it is above `weightlessMax` beyond doubt, or rose within these
 * windows (given how many there are in all, after any one moment no more than a fair share of them); PASS when it is
 * shown to be below. A weight that is missing is unknown, never 1.
 */
export function checkWeights(windows: readonly SamplingWindow[], policy: SamplingPolicy): SamplingCheck {
  const { alpha, weightlessMax } = policy;
  const steps = stepsOf(windows);
  const roots = sum(steps.map((step) => step.roots));
  const weightless = sum(steps.map((step) => step.weightless));
  if (roots === 0) return unjudged('c9', 'not-applicable', { code: 'NO_SPANS', alpha });
  const many = binomialUpperTail(weightless, roots, weightlessMax);
  const rise = findRise(steps);
  const pValue = Math.min(1, 2 * Math.min(many, rise.pValue));
  const share = wilson(weightless, roots, normalQuantile(1 - policy.passAlpha));
  const failed = pValue <= alpha;
  const passed = !failed && share.upper <= weightlessMax && rise.pValue > policy.doubtAlpha;
  return {
    check: 'c9',
    outcome: failed ? 'fail' : passed ? 'pass' : 'insufficient',
    code: failed
      ? rise.pValue <= alpha / 2
        ? 'WEIGHTS_STOPPED'
        : 'WEIGHTS_ABSENT'
      : passed
        ? 'WEIGHTS_PRESENT'
        : 'TOO_FEW_SPANS',
    ...share,
    n: roots,
    pValue,
    eValue: null,
    alpha,
    evidence: {
      weightless,
      sinceMs: rise.pValue <= alpha / 2 ? rise.startMs : null,
      rootsByKind: rootsByKind(windows),
      errors: [
        ...new Set(
          windows.filter(({ weightKind }) => weightKind === 'invalid').map(({ weightKey }) => weightKey),
        ),
      ],
    },
  };
}

interface Step {
  readonly startMs: number;
  readonly roots: number;
  readonly weightless: number;
}

function stepsOf(windows: readonly SamplingWindow[]): Step[] {
  return [...Map.groupBy(windows, ({ startMs }) => startMs)]
    .map(([startMs, rows]) => ({
      startMs,
      roots: sum(rows.map((row) => row.roots)),
      weightless: sum(rows.map((row) => (windowWeight(row) === null ? row.roots : 0))),
    }))
    .sort((a, b) => a.startMs - b.startMs);
}

function findRise(steps: readonly Step[]): { startMs: number | null; pValue: number } {
  const roots = sum(steps.map((step) => step.roots));
  const weightless = sum(steps.map((step) => step.weightless));
  const starts = steps.slice(1);
  const tails = starts.map((_, index) => {
    const after = steps.slice(index + 1);
    const share = sum(after.map((step) => step.roots)) / roots;
    return binomialUpperTail(sum(after.map((step) => step.weightless)), weightless, share);
  });
  const least = Math.min(1, ...tails);
  return {
    startMs: starts[tails.indexOf(least)]?.startMs ?? null,
    pValue: Math.min(1, least * starts.length),
  };
}

function rootsByKind(windows: readonly SamplingWindow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { weightKind, roots } of windows) counts[weightKind] = (counts[weightKind] ?? 0) + roots;
  return counts;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
