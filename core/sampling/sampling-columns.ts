import type { WeightKind } from './sampling-window.ts';
import { marksOf, type WeightEvidence, weightOf } from './weight-of.ts';

/** What a stored span says of its sampling, so that no query parses a tracestate. */
export interface SamplingColumns {
  readonly WeightKind: WeightKind;
  /** threshold: `th` without trailing zeros, power: P, attribute: `name=weight`, invalid: why; else ''. */
  readonly WeightKey: string;
  /** `rv`, 14 hex digits; '' where it was not sent (then R is in the trace id) or cannot be used. */
  readonly SamplingRandomness: string;
  /** 1 where R < T: by its own marks the span should not be here. */
  readonly SamplingViolation: 0 | 1;
}

export function samplingColumns(evidence: WeightEvidence): SamplingColumns {
  const { kind, key } = weightOf(evidence);
  const marks = marksOf(evidence);
  return {
    WeightKind: kind,
    WeightKey: key,
    SamplingRandomness: marks?.randomnessSource === 'rv' ? (marks.randomness ?? '') : '',
    SamplingViolation: kind === 'threshold' && marks?.isConsistent === false ? 1 : 0,
  };
}
