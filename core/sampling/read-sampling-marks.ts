import { adjustedCount } from './adjusted-count.ts';
import { type MarkError, parseTraceState, type TraceStateMarks } from './parse-trace-state.ts';

export interface SpanHeader {
  readonly traceState: string;
  readonly traceId: string;
  /** OTLP `Span.flags`; 0 may mean that the producer does not set it. */
  readonly flags: number;
}

export interface SamplingMarks extends TraceStateMarks {
  /** No error of any kind: the marks hold together, though they need not carry a weight. */
  readonly isValid: boolean;
  /** Where R is from; `none` where it is unknown. */
  readonly randomnessSource: 'rv' | 'traceid' | 'none';
  /** R is from a trace id that its flags do not call random: the specification presumes that it is. */
  readonly isPresumed: boolean;
  /** R >= T; null where one of them is unknown. */
  readonly isConsistent: boolean | null;
  /** Whether the sampled flag agrees with that; null where the flags do not say. */
  readonly flagAgrees: boolean | null;
  /** Spans that this one stands for; null is unknown, and never 1. */
  readonly adjustedCount: number | null;
}

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
/** Hex digits 18 to 31, the last seven bytes. */
const RANDOMNESS_AT = 18;
const SAMPLED = 0x01;
const RANDOM_TRACE_ID = 0x02;

/** Everything the sampling marks of one span say; `randomness` is R, wherever it is from. @see sampling.md section 2 */
export function readSamplingMarks({ traceState, traceId, flags }: SpanHeader): SamplingMarks {
  const marks = parseTraceState(traceState);
  const isTraceId = TRACE_ID.test(traceId);
  const isFromTraceId = isTraceId && marks.traceIdIsRandomness;
  const randomness = isFromTraceId ? traceId.slice(RANDOMNESS_AT) : marks.randomness;
  const { threshold } = marks;
  const isConsistent = threshold === null || randomness === null ? null : randomness >= threshold;
  const isSampled = (flags & SAMPLED) !== 0;
  const flagAgrees = isConsistent === null || flags === 0 ? null : isSampled === isConsistent;
  const error =
    (isTraceId ? null : 'traceid_invalid') ?? marks.error ?? contradiction(isConsistent, flagAgrees);
  return {
    ...marks,
    error,
    isValid: error === null,
    randomness,
    randomnessSource: randomness === null ? 'none' : isFromTraceId ? 'traceid' : 'rv',
    isPresumed: isFromTraceId && (flags & RANDOM_TRACE_ID) === 0,
    isConsistent,
    flagAgrees,
    adjustedCount:
      threshold !== null && isConsistent === true && flagAgrees !== false ? adjustedCount(threshold) : null,
  };
}

function contradiction(isConsistent: boolean | null, flagAgrees: boolean | null): MarkError | null {
  if (isConsistent === false) return 'inconsistent_r_lt_t';
  return flagAgrees === false ? 'sampled_flag_unset_with_consistent_th' : null;
}
