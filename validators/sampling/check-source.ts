import type {
  MentionWindow,
  PopulationWindow,
  SamplingEdgeWindow,
  SamplingWindow,
  TraceIdWindow,
} from '../../core/sampling/sampling-window.ts';
import { type ClassOptions, checkClasses } from './check-classes.ts';
import { checkConsistency } from './check-consistency.ts';
import { checkCopies } from './check-copies.ts';
import { checkDrift } from './check-drift.ts';
import { checkExemplars } from './check-exemplars.ts';
import { checkLogTraces } from './check-log-traces.ts';
import { checkRate } from './check-rate.ts';
import { checkTraceIds } from './check-trace-ids.ts';
import { checkTraceShape } from './check-trace-shape.ts';
import { checkUniformity } from './check-uniformity.ts';
import { checkWeights } from './check-weights.ts';
import { sumPopulation } from './population.ts';
import type { SpanSide } from './reach-traces.ts';
import { type CheckId, type SamplingCheck, type SamplingPolicy, unjudged } from './sampling-check.ts';

/** All windows of one source, in any order. */
export interface SourceWindows {
  readonly windows: readonly SamplingWindow[];
  readonly traceIds: readonly TraceIdWindow[];
  /** Of calls to it. */
  readonly edges: readonly SamplingEdgeWindow[];
  /** Of one counter: the most independent there is. */
  readonly populations: readonly PopulationWindow[];
  /** By how many requests their sum may be off, as the counter was not read at the windows' borders. */
  readonly requestsInDoubt?: number;
  /** Of the counter that tells errors and durations, where that is another one. */
  readonly classPopulations?: readonly PopulationWindow[];
  /**
   * Heaviest weight among services it shares traces with: weights go with traces, so it may be here and unseen. Without
   * it, of a service with few spans, all of one weight by chance, that weight is taken for the only one.
   */
  readonly weightMax?: number;
  /** Traces that the service's exemplars name; of log records, that they name. */
  readonly mentions?: readonly MentionWindow[];
  /** Of log records: the spans of their service; left out, these are windows of spans. */
  readonly spans?: SpanSide;
}

export type SourceChecks = Readonly<Record<CheckId, SamplingCheck>>;

/** Every check of one source's sampling. */
export function checkSource(
  source: SourceWindows,
  options: ClassOptions,
  policy: SamplingPolicy,
): SourceChecks {
  const { windows, edges, spans = null, mentions = [] } = source;
  const { alpha } = policy;
  const requests = sumPopulation(source.populations)?.requests ?? 0;
  const tolerance = policy.tolerance + (source.requestsInDoubt ?? 0) / Math.max(1, requests);
  const populations = source.classPopulations ?? source.populations;
  const c5 = checkClasses({ ...source, populations }, options, policy);
  return {
    c1: checkConsistency(windows, policy),
    c2: checkUniformity(windows, policy),
    c3: checkRate(source, policy),
    c4: checkTraceShape(edges, policy),
    c5: spans === null ? c5 : onlyByCounter(c5),
    c6:
      spans === null
        ? unjudged('c6', 'not-applicable', { code: 'NO_RECORDS', alpha })
        : checkLogTraces({ windows, mentions, spans }, policy),
    c7: checkTraceIds(source, policy),
    c8: checkDrift(source, { ...policy, tolerance }),
    c9: checkWeights(windows, policy),
    c10: checkExemplars(mentions, spans ?? source, policy),
    c11: checkCopies(windows, policy),
  };
}

/** Nobody counts log records by severity unless told to: without such a counter they are not asked for classes. */
function onlyByCounter(c5: SamplingCheck): SamplingCheck {
  return c5.code === 'NO_COUNTER' ? { ...c5, outcome: 'not-applicable', code: 'NO_COUNTER_BY_SEVERITY' } : c5;
}
