import { wilson } from '../../core/interval.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';
import type { SamplingWindow } from '../../core/sampling/sampling-window.ts';
import { type SamplingCheck, type SamplingPolicy, unjudged } from './sampling-check.ts';

/**
 * c11: a span that arrives again carries the threshold it had. Another one is a fact: the span came by two taps of one
 * pipeline, before and behind a stage that samples, and which of its weights counts is chance. A threshold that fell on
 * the way cannot be told from one that rose: no tap leaves its name on a span, and the later tap may arrive first.
 * Under the specification no retry changes a threshold, so the false-alarm rate is 0; a single one of up to 26
 * copies fails, of many copies more than `contradictionsFail` of them, beyond doubt. PASS takes about 950 copies.
 * @see sampling.md section 5, c11
 */
export function checkCopies(windows: readonly SamplingWindow[], policy: SamplingPolicy): SamplingCheck {
  const { alpha } = policy;
  const copies = sum(windows.map(({ thresholdCopies }) => thresholdCopies));
  if (copies === 0) return unjudged('c11', 'not-applicable', { code: 'NO_COPIES', alpha });
  const relabelled = sum(windows.map((window) => window.relabelled));
  const failed = wilson(relabelled, copies, normalQuantile(1 - alpha)).lower > policy.contradictionsFail;
  const share = wilson(relabelled, copies, normalQuantile(1 - policy.passAlpha));
  const passed = !failed && share.upper <= policy.contradictionsPass;
  return {
    check: 'c11',
    outcome: failed ? 'fail' : passed ? 'pass' : 'insufficient',
    code: failed ? 'THRESHOLDS_DIFFER' : passed ? 'THRESHOLDS_AGREE' : 'TOO_FEW_COPIES',
    ...share,
    n: copies,
    pValue: null,
    eValue: null,
    alpha,
    evidence: {
      relabelled,
      exampleTraceId:
        windows.find(({ relabelledTraceId }) => relabelledTraceId !== '')?.relabelledTraceId ?? '',
    },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
