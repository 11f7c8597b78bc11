import { adjustedCount } from '../../core/sampling/adjusted-count.ts';
import type { MarkError } from '../../core/sampling/parse-trace-state.ts';
import { readSamplingMarks } from '../../core/sampling/read-sampling-marks.ts';

/** One stage of the Collector's probabilistic sampler, and a span that meets it. */
export interface StageCase {
  readonly mode: 'equalizing' | 'proportional';
  readonly percent: number;
  /** Significant hex digits of the threshold it writes, 1 to 14. */
  readonly precision: number;
  readonly tracestate: string;
  readonly traceId: string;
}

/** What becomes of the span: `sampled` is null where its marks are in error. */
export interface StageResult {
  readonly sampled: boolean | null;
  readonly th?: string;
  readonly adjusted_count?: number;
  readonly error?: MarkError;
}

const DIGITS = 14;
const RANGE = 2n ** 56n;

/**
 * Equalizing raises the threshold to the stage's own; proportional multiplies the probabilities. Neither ever lowers
 * it, and no mark counts as 100 %, as the Collector has it.
 * @see sampling.md section 2, composition
 */
export function runStage({ mode, percent, precision, tracestate, traceId }: StageCase): StageResult {
  const marks = readSamplingMarks({ traceState: tracestate, traceId, flags: 0 });
  const { error, randomness } = marks;
  if (error !== null || randomness === null) return { sampled: null, ...(error === null ? {} : { error }) };
  const incoming = BigInt(`0x${marks.threshold ?? '0'}`);
  const ratio = Math.min(percent / 100, 1);
  const wanted = mode === 'equalizing' ? ratio : ratio * (Number(RANGE - incoming) / 2 ** 56);
  const own = thresholdOf(wanted, precision);
  if (own === null) return { sampled: false };
  const threshold = own > incoming ? own : incoming;
  if (BigInt(`0x${randomness}`) < threshold) return { sampled: false };
  const hex = threshold.toString(16).padStart(DIGITS, '0');
  return { sampled: true, th: hex.replace(/0+$/, '') || '0', adjusted_count: adjustedCount(hex) };
}

/**
 * T of a probability, rounded to so many significant hex digits; leading f and 0 come on top, as they carry none.
 * Null where the probability is too small to be encoded: nothing is kept then.
 */
function thresholdOf(probability: number, precision: number): bigint | null {
  if (!(probability >= 2 ** -56)) return null;
  const exact = RANGE - BigInt(Math.round(probability * 2 ** 56));
  const digits = exact.toString(16).padStart(DIGITS, '0');
  const free = /^(?:f+|0+)?/.exec(digits)?.[0].length ?? 0;
  const unit = 16n ** BigInt(Math.max(0, DIGITS - precision - free));
  const rounded = ((exact + unit / 2n) / unit) * unit;
  return rounded < RANGE ? rounded : exact;
}
