import { binomialUpperTail } from '../../core/binomial-tail.ts';
import { wilson } from '../../core/interval.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';
import type { SamplingEdgeWindow } from '../../core/sampling/sampling-window.ts';
import { firstRarity } from './first-rarity.ts';
import { type SamplingCheck, type SamplingPolicy, unjudged } from './sampling-check.ts';

/**
 * c4: do traces hold together where this service is called? Facts first: weight lost or gained between parent and
 * child, two values of `rv` in one trace. Then parents that are missing, among children that a parent with the highest
 * threshold seen in that window would have kept too (where no parent has a threshold: among all). A child sampled more
 * rarely than its parent, or a parent more rarely than its child, loses nothing here: partial traces are legal.
 * @param edges of one child service
 */
export function checkTraceShape(edges: readonly SamplingEdgeWindow[], policy: SamplingPolicy): SamplingCheck {
  const { alpha } = policy;
  const received = edges.filter(({ parentName }) => parentName !== '');
  const children = sum(edges.map((edge) => edge.children));
  if (children === 0) return unjudged('c4', 'not-applicable', { code: 'NO_CALLS', alpha });
  const withParent = sum(received.map((edge) => edge.children));
  if (withParent === 0) {
    // A caller that is not instrumented, or not here; that nobody lost it is not shown either.
    return unjudged('c4', 'insufficient', { code: 'PARENTS_NEVER_SEEN', alpha, n: children });
  }
  const lost = sum(received.map((edge) => edge.lost));
  const gained = sum(received.map((edge) => edge.gained));
  const conflicts = sum(received.map(({ randomnessConflicts }) => randomnessConflicts));
  const facts = { WEIGHT_LOST: lost, WEIGHT_GAINED: gained, RANDOMNESS_CONFLICT: conflicts };
  const sureZ = normalQuantile(1 - alpha);
  const broken = Object.entries(facts)
    .filter(([, count]) => wilson(count, withParent, sureZ).lower > policy.contradictionsFail)
    .sort(([, a], [, b]) => b - a);
  const { missing, eligible } = countMissing(edges, received);
  const pValue = eligible === 0 ? 1 : binomialUpperTail(missing, eligible, policy.lossTolerated);
  const passZ = normalQuantile(1 - policy.passAlpha);
  const share = eligible === 0 ? null : wilson(missing, eligible, passZ);
  const mostContradictions = Math.max(lost, gained, conflicts);
  const isWhole = wilson(mostContradictions, withParent, passZ).upper <= policy.contradictionsPass;
  const isMissing = pValue <= alpha;
  const failed = isMissing || broken.length > 0;
  const passed = !failed && isWhole && share !== null && share.upper <= policy.lossTolerated;
  return {
    check: 'c4',
    outcome: failed ? 'fail' : passed ? 'pass' : 'insufficient',
    code: broken[0]?.[0] ?? (isMissing ? 'PARENTS_MISSING' : passed ? 'TRACES_WHOLE' : 'TOO_FEW_CALLS'),
    estimate: share?.estimate ?? null,
    lower: share?.lower ?? null,
    upper: share?.upper ?? null,
    n: eligible,
    pValue,
    eValue: null,
    alpha,
    evidence: {
      children,
      missing,
      lost,
      gained,
      conflicts,
      exampleTraceId: exampleOf(edges, failed && broken.length === 0),
    },
  };
}

function countMissing(
  edges: readonly SamplingEdgeWindow[],
  received: readonly SamplingEdgeWindow[],
): { missing: number; eligible: number } {
  const highest = highestThreshold(received);
  const receivedByStart = Map.groupBy(received, ({ startMs }) => startMs);
  let missing = 0;
  let eligible = 0;
  for (const edge of edges) {
    const parents = receivedByStart.get(edge.startMs);
    const count = keptBy(parents === undefined ? highest : highestThreshold(parents), edge);
    eligible += count;
    if (edge.parentName === '') missing += count;
  }
  return { missing, eligible };
}

/** Children that a parent of this threshold kept too. */
function keptBy(threshold: string, edge: SamplingEdgeWindow): number {
  return threshold === '' ? edge.children : sum(edge.childrenByRarity.slice(firstRarity(threshold)));
}

function highestThreshold(edges: readonly SamplingEdgeWindow[]): string {
  return (
    edges
      .map(({ parentThresholdMax }) => parentThresholdMax)
      .sort()
      .at(-1) ?? ''
  );
}

function exampleOf(edges: readonly SamplingEdgeWindow[], ofMissing: boolean): string {
  const odd = edges.find(({ parentName, lost, gained, randomnessConflicts }) =>
    ofMissing ? parentName === '' : lost + gained + randomnessConflicts > 0,
  );
  return odd?.exampleTraceId ?? '';
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
