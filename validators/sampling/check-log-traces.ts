import { binomialUpperTail } from '../../core/binomial-tail.ts';
import { wilson } from '../../core/interval.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';
import type { MentionWindow, SamplingWindow } from '../../core/sampling/sampling-window.ts';
import { reachTraces, type SpanSide } from './reach-traces.ts';
import { type SamplingCheck, type SamplingPolicy, unjudged } from './sampling-check.ts';
import { weighRoots } from './weigh-roots.ts';

/**
 * c6: are log records kept whatever became of their traces? A `trace_based` logger keeps records of sampled traces
 * alone: they stand for as much as the trace, say nothing of it, and were never counted as created. Told by the traces
 * they name: of all of them those that a span's threshold keeps are a share p, if records are kept alike; at p = 10 %
 * nine traces and none beside is one in 1e9, at 50 % thirty. Where records carry weights of their own these tell.
 * The reverse: a record says that its trace was sampled, and no span of it is here, of more than `lossTolerated`.
 * @param windows of log records
 * @param spans of the same service
 * @see sampling.md section 5, c6
 */
export function checkLogTraces(
  input: {
    readonly windows: readonly SamplingWindow[];
    readonly mentions: readonly MentionWindow[];
    readonly spans: SpanSide;
  },
  policy: SamplingPolicy,
): SamplingCheck {
  const { alpha } = policy;
  const mentions = input.mentions.filter(({ mentionedBy }) => mentionedBy === 'log');
  const unsampled = sum(mentions.map((window) => window.unsampled));
  const sampled = sum(mentions.flatMap(({ found, missing }) => [...found, ...missing]));
  const n = unsampled + sampled;
  if (n === 0) return unjudged('c6', 'not-applicable', { code: 'NO_RECORDS_OF_TRACES', alpha });
  const stated = { alpha, n, evidence: { unsampled, sampled } };
  const reached = reachTraces(mentions, input.spans, policy);
  if (typeof reached === 'string') return unjudged('c6', 'unverifiable', { code: reached, ...stated });
  const { found, missing, ratio, exampleTraceId } = reached;
  const records = weighRoots(input.windows);
  const isWeighted = records.weightless <= policy.weightlessMax * records.roots;
  const kept = found + missing;
  const follow = isWeighted || ratio === 1 ? 1 : binomialUpperTail(kept, n, ratio);
  const lost = kept === 0 ? 1 : binomialUpperTail(missing, kept, policy.lossTolerated);
  const pValue = Math.min(1, 2 * Math.min(follow, lost));
  const failed = pValue <= alpha;
  const z = normalQuantile(1 - policy.passAlpha);
  const share = wilson(kept, n, z);
  const isAlike = isWeighted || ratio === 1 || share.upper <= (1 + ratio) / 2;
  const isHere = kept > 0 && wilson(missing, kept, z).upper <= policy.lossTolerated;
  const passed = !failed && isAlike && isHere && pValue > policy.doubtAlpha;
  return {
    check: 'c6',
    outcome: failed ? 'fail' : passed ? 'pass' : 'insufficient',
    code: failed
      ? follow <= lost
        ? 'RECORDS_FOLLOW_TRACES'
        : 'TRACES_OF_RECORDS_MISSING'
      : passed
        ? 'RECORDS_AND_TRACES_AGREE'
        : 'TOO_FEW_RECORDS',
    ...share,
    n,
    pValue,
    eValue: null,
    alpha,
    evidence: {
      ...stated.evidence,
      ofSampledThresholds: kept,
      expectedRatio: ratio,
      missing,
      exampleTraceId,
    },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
