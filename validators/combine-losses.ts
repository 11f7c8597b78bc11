import type { Limits, Outcome, Reason } from '../core/verdict.ts';
import { judgeWindows, type WindowEstimate } from './judge-windows.ts';
import type { LossEstimate } from './loss-estimate.ts';

/** One estimate with its own outcome and the window that decided it. */
interface JudgedLoss {
  readonly estimate: LossEstimate;
  readonly outcome: Outcome;
  readonly decisive: WindowEstimate;
}

export interface CombinedLoss {
  readonly outcome: Outcome;
  /** Whose numbers the verdict carries; null where nobody has any. */
  readonly decisive: JudgedLoss | null;
  /** All that count. */
  readonly counted: readonly JudgedLoss[];
  /** Those whose assumptions do not hold here. */
  readonly vetoed: readonly LossEstimate[];
  /** A pass that both what counts records and what sees their absence agree on. */
  readonly isIndependent: boolean;
  /** What it means that one sees a loss and another does not; null where they agree. */
  readonly disagreement: Reason | null;
}

/**
 * Several estimators of one loss, combined. Estimators of different kinds miss different faults, so the worst that is
 * sure decides:
 * - FAIL when any estimator fails. Each errs in at most 2.5 % of cases when the loss is exactly at the limit; with k of
 *   them at most k x 2.5 %, and far less when nothing is lost.
 * - PASS when one passes and none is sure of a loss above the warn limit, nor estimates one above the fail limit, unless
 *   that loss is over (`isOver`).
 *   `isIndependent` says whether a counter (or ordinals) and a graph both pass; one alone is enough for a pass.
 * - Else unknown.
 * @see quality.md 3.1 (triangulation) and 3.6
 */
export function combineLosses(estimates: readonly LossEstimate[], limits: Limits): CombinedLoss {
  const vetoed = estimates.filter((estimate) => estimate.veto !== null);
  const counted = estimates
    .filter((estimate) => estimate.veto === null)
    .map((estimate): JudgedLoss => ({ estimate, ...judgeWindows(estimate, limits) }));
  const failing = counted.filter(({ outcome }) => outcome === 'fail');
  const passing = counted.filter(({ outcome }) => outcome === 'pass');
  const doubting = counted.filter(
    (judged) => judged.outcome !== 'pass' && doubts(judged, limits) && !isOver(judged, passing, limits),
  );
  const base = { counted, vetoed, disagreement: tellDisagreement(passing, doubting) };
  if (failing.length > 0)
    return { ...base, outcome: 'fail', decisive: byLower(failing), isIndependent: false };
  if (passing.length > 0 && doubting.length === 0) {
    return { ...base, outcome: 'pass', decisive: byUpper(passing), isIndependent: isIndependent(passing) };
  }
  const decisive = byLower(doubting.length > 0 ? doubting : counted);
  return { ...base, outcome: 'unknown', decisive, isIndependent: false };
}

/** Sure of more than the warn limit, or most likely above the fail limit: nobody's pass outweighs that. */
function doubts({ estimate: { fast, slow } }: JudgedLoss, limits: Limits): boolean {
  return [fast, slow].some(({ interval }) => {
    return interval !== null && (interval.lower > limits.warn || interval.estimate > limits.fail);
  });
}

/**
 * What was lost a while ago must not hold a source that has recovered: who doubts sees none in the newest part of what
 * it sees, and one of another kind that passes now saw the loss as well. Whether that one sees such losses at all is what
 * counts: of whole traces that vanish a graph knows nothing, now or then, and its pass outweighs no counter.
 */
function isOver({ estimate }: JudgedLoss, passing: readonly JudgedLoss[], limits: Limits): boolean {
  const { interval } = estimate.recent ?? estimate.fast;
  if (interval === null || interval.estimate > limits.warn) return false;
  return passing.some(
    ({ estimate: other, decisive }) =>
      other.kind !== estimate.kind && decisive === other.fast && (other.slow.interval?.lower ?? 0) > 0,
  );
}

function isIndependent(passing: readonly JudgedLoss[]): boolean {
  const kinds = new Set(passing.map(({ estimate }) => estimate.kind));
  return kinds.has('graph') && (kinds.has('counter') || kinds.has('direct'));
}

/** The one that is surest of the most loss; of equals the one that rests on more. */
function byLower(judged: readonly JudgedLoss[]): JudgedLoss | null {
  const rank = ({ decisive: { interval, n } }: JudgedLoss) => [interval?.lower ?? -1, n] as const;
  return judged.toSorted((a, b) => rank(b)[0] - rank(a)[0] || rank(b)[1] - rank(a)[1])[0] ?? null;
}

/** A pass is worth what its widest interval still leaves open. */
function byUpper(judged: readonly JudgedLoss[]): JudgedLoss | null {
  const upper = ({ decisive: { interval } }: JudgedLoss) => interval?.upper ?? 1;
  return judged.toSorted((a, b) => upper(b) - upper(a))[0] ?? null;
}

function tellDisagreement(passing: readonly JudgedLoss[], doubting: readonly JudgedLoss[]): Reason | null {
  if (passing.length === 0 || doubting.length === 0) return null;
  const sees = (judged: readonly JudgedLoss[], kind: LossEstimate['kind']) =>
    judged.some(({ estimate }) => estimate.kind === kind);
  const names = (judged: readonly JudgedLoss[]) => judged.map(({ estimate }) => estimate.id).join(', ');
  const who = `${names(doubting)} sees a loss that ${names(passing)} does not`;
  const text =
    sees(passing, 'counter') && sees(doubting, 'graph')
      ? `${who}: records were lost after they were counted, between the exporter and us, or context propagation is broken. Compare what the exporter says it sent with what is stored, and look at proxies that rewrite traceparent.`
      : sees(passing, 'graph') && sees(doubting, 'counter')
        ? `${who}: whole traces are missing alike, or a sampler or filter between the counter and us takes them out. Look at Collector processors and at samplers that no counter knows of.`
        : `${who}; look at each one's evidence before you believe either.`;
  return { code: 'ESTIMATORS_DISAGREE', text };
}
