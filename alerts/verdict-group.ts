import type { Signal } from '../core/signal.ts';
import type { Source } from '../core/source.ts';
import type { Dimension, Outcome, Verdict } from '../core/verdict.ts';

/**
 * One subject of reports: a service's signal in one dimension. Instances are taken together: a lost Collector
 * or a bad release hits them all, and fifty reports about one cause would be read by nobody.
 */
export interface VerdictGroup {
  /** `verdict:<tenant>/<namespace>/<service>/<signal>:<dimension>`, each part URL-encoded. */
  readonly subjectId: string;
  /** With an empty `serviceInstanceId`. */
  readonly source: Source;
  readonly dimension: Dimension;
  /** fail when any instance fails, pass when all pass, else unknown. */
  readonly outcome: Outcome;
  /** The verdict furthest beyond its limit; any when none fails. */
  readonly worst: Verdict;
  readonly verdicts: readonly Verdict[];
}

/** Groups the verdicts of one tick. An expired verdict counts as unknown. */
export function groupVerdicts(verdicts: readonly Verdict[], nowMs: number): VerdictGroup[] {
  const members = Map.groupBy(verdicts, (verdict) => subjectIdOf(verdict.source, verdict.dimension));
  return [...members].map(([subjectId, group]) => {
    const worst = group.reduce((a, b) => (badness(b, nowMs) > badness(a, nowMs) ? b : a));
    return {
      subjectId,
      source: { ...worst.source, serviceInstanceId: '' },
      dimension: worst.dimension,
      outcome: outcomeOf(group.map((verdict) => currentOutcome(verdict, nowMs))),
      worst,
      verdicts: group,
    };
  });
}

export function currentOutcome(verdict: Verdict, nowMs: number): Outcome {
  return verdict.validUntilMs < nowMs ? 'unknown' : verdict.outcome;
}

function outcomeOf(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes('fail')) return 'fail';
  return outcomes.includes('unknown') ? 'unknown' : 'pass';
}

/** A failed verdict stands before all others, and the further beyond its limit the worse. */
function badness(verdict: Verdict, nowMs: number): number {
  if (currentOutcome(verdict, nowMs) !== 'fail') return -1;
  return verdict.lower === null ? 0 : verdict.lower / Math.max(verdict.limits.fail, Number.MIN_VALUE);
}

function subjectIdOf(source: Source, dimension: Dimension): string {
  const { tenant, serviceNamespace, serviceName, signal } = source;
  const parts: readonly (string | Signal)[] = [tenant, serviceNamespace, serviceName, signal];
  return `verdict:${parts.map(encodeURIComponent).join('/')}:${dimension}`;
}
