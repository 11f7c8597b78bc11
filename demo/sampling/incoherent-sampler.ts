import { trace } from '@opentelemetry/api';
import { thresholdHex, withThreshold } from './ot-threshold.ts';
import { DROP, RECORD, type Sampler } from './sampler.ts';

/**
 * A fault: while `isOn`, whatever comes from another process is kept by the toss of a coin, and what is kept
 * carries `ot=th:` as if R >= T had decided. Every count made from these spans would be right, every trace
 * broken; only the mark against the trace id tells.
 */
export function incoherentSampler(options: {
  coherent: Sampler;
  samplingProbability: number;
  isOn: () => boolean;
  random: () => number;
}): Sampler {
  const { coherent, samplingProbability, isOn, random } = options;
  const thHex = thresholdHex(samplingProbability);
  return {
    shouldSample(context, ...rest) {
      const parent = trace.getSpanContext(context);
      if (!isOn() || parent?.isRemote !== true) return coherent.shouldSample(context, ...rest);
      if (random() >= samplingProbability) {
        return { ...DROP, traceState: withThreshold(parent.traceState, null) };
      }
      return { decision: RECORD, traceState: withThreshold(parent.traceState, thHex) };
    },
    toString: () => `Incoherent{th:${thHex}}`,
  };
}
