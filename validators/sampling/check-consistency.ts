import { wilson } from '../../core/interval.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';
import type { SamplingWindow } from '../../core/sampling/sampling-window.ts';
import { type SamplingCheck, type SamplingPolicy, unjudged } from './sampling-check.ts';

/**
 * c1: share of spans that contradict their own threshold (R < T). Under the specification it is 0, so any is reported;
 * FAIL takes a Wilson lower bound above `contradictionsFail`, PASS an upper bound below `contradictionsPass`.
 * Blind to samplers that keep too little.
 */
export function checkConsistency(windows: readonly SamplingWindow[], policy: SamplingPolicy): SamplingCheck {
  const { alpha } = policy;
  let spans = 0;
  let violations = 0;
  let exampleTraceId = '';
  for (const window of windows) {
    spans += window.thresholdSpans;
    violations += window.violations;
    if (window.violations > 0) exampleTraceId ||= window.exampleTraceId;
  }
  if (spans === 0) return unjudged('c1', 'not-applicable', { code: 'NO_THRESHOLDS', alpha });
  const sure = wilson(violations, spans, normalQuantile(1 - alpha));
  const { estimate, lower, upper } = wilson(violations, spans, normalQuantile(1 - policy.passAlpha));
  const failed = sure.lower > policy.contradictionsFail;
  const passed = !failed && upper <= policy.contradictionsPass;
  return {
    check: 'c1',
    outcome: failed ? 'fail' : passed ? 'pass' : 'insufficient',
    code: failed ? 'MARKS_CONTRADICT' : passed ? 'MARKS_CONSISTENT' : 'TOO_FEW_SPANS',
    estimate,
    lower,
    upper,
    n: spans,
    pValue: null,
    eValue: null,
    alpha,
    evidence: { violations, exampleTraceId },
  };
}
