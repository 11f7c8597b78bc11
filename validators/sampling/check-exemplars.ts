import { binomialUpperTail } from '../../core/binomial-tail.ts';
import { wilson } from '../../core/interval.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';
import type { MentionWindow } from '../../core/sampling/sampling-window.ts';
import { reachTraces, type SpanSide } from './reach-traces.ts';
import { type SamplingCheck, type SamplingPolicy, unjudged } from './sampling-check.ts';

/**
 * c10: exemplars name traces that were sampled, and travel with the metrics: each trace must be here. Counted are those
 * whose R every threshold on the way keeps; binomial, `lossTolerated` of them may be missing. Of 200 a tenth missing is
 * seen at alpha 1e-4 with power 0.99, of 300 at 1e-9. Independent of every count of spans, and a supplement: that a
 * trace is here says nothing of its other spans, so it opens and closes no purpose.
 * @see sampling.md section 5, c10
 */
export function checkExemplars(
  mentions: readonly MentionWindow[],
  spans: SpanSide,
  policy: SamplingPolicy,
): SamplingCheck {
  const { alpha } = policy;
  const exemplars = mentions.filter(({ mentionedBy }) => mentionedBy === 'exemplar');
  if (exemplars.length === 0) return unjudged('c10', 'not-applicable', { code: 'NO_EXEMPLARS', alpha });
  const reached = reachTraces(exemplars, spans, policy);
  if (typeof reached === 'string') return unjudged('c10', 'unverifiable', { code: reached, alpha });
  const { found, missing, exampleTraceId } = reached;
  const n = found + missing;
  if (n === 0) return unjudged('c10', 'insufficient', { code: 'TOO_FEW_EXEMPLARS', alpha });
  const pValue = binomialUpperTail(missing, n, policy.lossTolerated);
  const share = wilson(missing, n, normalQuantile(1 - policy.passAlpha));
  const failed = pValue <= alpha;
  const passed = !failed && share.upper <= policy.lossTolerated && pValue > policy.doubtAlpha;
  return {
    check: 'c10',
    outcome: failed ? 'fail' : passed ? 'pass' : 'insufficient',
    code: failed ? 'TRACES_UNREACHABLE' : passed ? 'TRACES_REACHED' : 'TOO_FEW_EXEMPLARS',
    ...share,
    n,
    pValue,
    eValue: null,
    alpha,
    evidence: { missing, exampleTraceId },
  };
}
