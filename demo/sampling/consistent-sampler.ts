import { isSpanContextValid, TraceFlags, trace } from '@opentelemetry/api';
import { keeps, thresholdHex, withThreshold } from './ot-threshold.ts';
import { DROP, RECORD, type Sampler } from './sampler.ts';

/**
 * Consistent probability sampling, parent-based: a root decides by R >= T and stamps `ot=th:`, everyone below
 * follows and passes the mark on. Written here because the SDK's composite sampler, made for the line before this one,
 * lets the mark of a parent travel on with a trace that it drops.
 * @param samplingProbability of roots, in (0, 1]
 */
export function consistentSampler(samplingProbability: number): Sampler {
  const thHex = thresholdHex(samplingProbability);
  return {
    shouldSample(context, traceId) {
      const parent = trace.getSpanContext(context);
      if (parent === undefined || !isSpanContextValid(parent)) {
        return keeps(traceId, thHex)
          ? { decision: RECORD, traceState: withThreshold(undefined, thHex) }
          : DROP;
      }
      if ((parent.traceFlags & TraceFlags.SAMPLED) !== 0) return { decision: RECORD };
      // Not sampled, so no probability stands behind the trace any more: the mark must not travel on.
      return { ...DROP, traceState: withThreshold(parent.traceState, null) };
    },
    toString: () => `ConsistentParentBased{th:${thHex}}`,
  };
}
