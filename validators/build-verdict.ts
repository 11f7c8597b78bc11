import type { Interval } from '../core/interval.ts';
import type { Source } from '../core/source.ts';
import type { Dimension, Estimator, Limits, Outcome, Reason, Verdict } from '../core/verdict.ts';

/** A gate asks within seconds; what nobody renewed for three writes (5 s each) is no longer known. */
const VALID_FOR_MS = 15_000;

export interface VerdictParts {
  readonly source: Source;
  readonly dimension: Dimension;
  readonly unit: Verdict['unit'];
  readonly limits: Limits;
  readonly outcome: Outcome;
  readonly interval: Interval | null;
  readonly n: number;
  readonly window: { readonly startMs: number; readonly endMs: number };
  readonly reasons: readonly Reason[];
  readonly estimators: readonly Estimator[];
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** A verdict as of `nowMs`. An end of the interval that has no bound (Infinity) is null: JSON knows no infinity. */
export function buildVerdict(parts: VerdictParts, nowMs: number): Verdict {
  const { interval, ...rest } = parts;
  return {
    ...rest,
    estimate: finite(interval?.estimate),
    lower: finite(interval?.lower),
    upper: finite(interval?.upper),
    confidence: 0.95,
    evaluatedAtMs: nowMs,
    validUntilMs: nowMs + VALID_FOR_MS,
  };
}

/** An estimator's entry in a verdict; without an interval it saw too little. @param unit where it is not the verdict's */
export function buildEstimator(
  id: string,
  kind: Estimator['kind'],
  n: number,
  interval: Interval | null,
  unit?: Estimator['unit'],
): Estimator {
  return {
    id,
    kind,
    n,
    estimate: finite(interval?.estimate),
    lower: finite(interval?.lower),
    upper: finite(interval?.upper),
    ...(unit === undefined ? {} : { unit }),
  };
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
