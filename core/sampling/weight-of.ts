import { adjustedCount } from './adjusted-count.ts';
import type { TraceStateMarks } from './parse-trace-state.ts';
import { readSamplingMarks, type SamplingMarks, type SpanHeader } from './read-sampling-marks.ts';
import type { WeightKind } from './sampling-window.ts';

/**
 * How far a weight can be believed: `exact` is checked against the span's own randomness, `declared` is what a vendor's
 * attribute says, `adaptive` the same where the rate moves by design, `unknown` is no weight.
 */
type WeightTrust = 'exact' | 'declared' | 'adaptive' | 'unknown';

export interface Weight {
  readonly kind: WeightKind;
  /** As in SamplingWindow, but for a threshold without its trailing zeros. */
  readonly key: string;
  /** Items of the population that this one stands for; null is unknown, and never 1. */
  readonly weight: number | null;
  readonly trust: WeightTrust;
}

/** Attributes of a span or log record that say how it was sampled; whoever reads others reads them in vain. */
export const WEIGHT_ATTRIBUTES = [
  'sampling.threshold',
  'sampling.randomness',
  'sampleRate',
  'SampleRate',
  'meta.refinery.final_sample_rate',
  'sampler.type',
  'sampler.param',
  '_dd.rule_psr',
  '_dd.limit_psr',
  '_dd.agent_psr',
  '_dd.prob_sr',
  '_sampling_priority_v1',
] as const;
export type WeightAttributes = Readonly<Partial<Record<(typeof WEIGHT_ATTRIBUTES)[number], string>>>;

/** A span, or a log record: its trace state is '', and its flags 0, as those it carries are of its span. */
export interface WeightEvidence extends SpanHeader {
  /** As stored: numbers and booleans as text. */
  readonly attributes: WeightAttributes;
}

/** `_sampling_priority_v1` of a trace that somebody asked to keep. */
const USER_KEEP = 2;
/** Of `p`: selected, but not by probability, so it counts for nothing. */
const POWER_OF_ZERO = 63;
/** Two markers of one weight differ by rounding: whole rates by up to a half, four digits of `th` by 1.2e-4. */
const ROUNDING = 0.5;
const ROUNDING_RATIO = 0.001;

const NONE: Weight = { kind: 'none', key: '', weight: null, trust: 'unknown' };

/**
 * The one weight that a span or log record says of itself. A marker that is there and cannot be right makes it unknown:
 * no second marker is taken in its place, and no marker at all is unknown too.
 *
 * Not weights: `sampling.priority` and `_sampling_priority_v1` force a decision, whose probability nobody knows;
 * X-Ray's rules take so many a second first; Jaeger's `ratelimiting`, `lowerbound` and `remote` do not tell their rate.
 * @see sampling.md section 3
 */
export function weightOf(evidence: WeightEvidence): Weight {
  const marked = fromMarks(evidence);
  const declared = fromAttributes(evidence.attributes);
  if (marked.kind === 'none') return declared;
  if (marked.weight === null || declared.kind === 'none') return marked;
  if (declared.weight === null || !agree(marked.weight, declared.weight)) return invalid('weights_disagree');
  return marked;
}

/** Marks of the trace state, or of the attributes that stand for it; null where there are neither. */
export function marksOf({ traceState, traceId, flags, attributes }: WeightEvidence): SamplingMarks | null {
  const text = markText(traceState, attributes);
  return text === '' ? null : readSamplingMarks({ traceState: text, traceId, flags });
}

function fromMarks(evidence: WeightEvidence): Weight {
  const marks = marksOf(evidence);
  if (marks === null) return NONE;
  const isContradicted = marks.isConsistent === false;
  if (marks.adjustedCount === null && !isContradicted) return weightOfMarks(marks);
  const trust = isContradicted ? 'unknown' : 'exact';
  return { kind: 'threshold', key: marks.thresholdCanonical ?? '', weight: marks.adjustedCount, trust };
}

/**
 * What marks say by themselves; a threshold stands for `weight` spans only if R of the span is not below it, which
 * is still to be seen.
 */
export function weightOfMarks(marks: TraceStateMarks): Weight {
  const { error, threshold, thresholdCanonical, power, powerRandomness } = marks;
  if (error !== null) return invalid(error);
  if (threshold !== null && thresholdCanonical !== null) {
    return {
      kind: 'threshold',
      key: thresholdCanonical,
      weight: adjustedCount(threshold),
      trust: 'declared',
    };
  }
  return power === null ? NONE : fromPower(power, powerRandomness);
}

/** Log records have no trace state: the Collector writes its two marks as attributes. */
function markText(traceState: string, attributes: WeightAttributes): string {
  const th = attributes['sampling.threshold'];
  const rv = attributes['sampling.randomness'];
  if (traceState !== '' || (th === undefined && rv === undefined)) return traceState;
  const marks = [th === undefined ? [] : [`th:${th}`], rv === undefined ? [] : [`rv:${rv}`]].flat();
  // A comma of theirs must not begin a member.
  return `ot=${marks.join(';').replaceAll(',', '=')}`;
}

/** A span that is here was sampled: then P <= R, or it was not by probability. */
function fromPower(power: number, powerRandomness: number | null): Weight {
  if (power === POWER_OF_ZERO) return { kind: 'power', key: '63', weight: 0, trust: 'declared' };
  if (powerRandomness !== null && power > powerRandomness) return invalid('inconsistent_p_gt_r');
  const trust = powerRandomness === null ? 'declared' : 'exact';
  return { kind: 'power', key: String(power), weight: 2 ** power, trust };
}

function fromAttributes(attributes: WeightAttributes): Weight {
  return fromHoneycomb(attributes) ?? fromJaeger(attributes) ?? fromDatadog(attributes) ?? NONE;
}

/** A rate of 0 or less, which Honeycomb takes for 1, is no rate. */
function fromHoneycomb(attributes: WeightAttributes): Weight | null {
  const texts = [
    attributes.SampleRate,
    attributes.sampleRate,
    attributes['meta.refinery.final_sample_rate'],
  ].filter((text) => text !== undefined);
  if (texts.length === 0) return null;
  const rates = texts.map((text) => numberIn(text, { min: 1, max: Number.MAX_SAFE_INTEGER }));
  const rate = rates[0] ?? null;
  if (rate === null || rates.includes(null)) return invalid('sample_rate_invalid');
  return rates.every((other) => other === rate) ? declare('SampleRate', rate) : invalid('weights_disagree');
}

function fromJaeger(attributes: WeightAttributes): Weight | null {
  const type = attributes['sampler.type'];
  const param = attributes['sampler.param'];
  if (type === 'const') return param === '1' || param === 'true' ? declare('sampler.param', 1) : null;
  if (type !== 'probabilistic' || param === undefined) return null;
  return fromRatio('sampler.param', [param], 'declared');
}

/** The agent's rates follow a number of traces per second. */
function fromDatadog(attributes: WeightAttributes): Weight | null {
  if (Number(attributes['_sampling_priority_v1']) === USER_KEEP) return null;
  const rule = attributes['_dd.rule_psr'];
  if (rule !== undefined)
    return fromRatio('_dd.rule_psr', [rule, attributes['_dd.limit_psr'] ?? '1'], 'declared');
  const agent = attributes['_dd.agent_psr'];
  if (agent !== undefined) return fromRatio('_dd.agent_psr', [agent], 'adaptive');
  const ratio = attributes['_dd.prob_sr'];
  return ratio === undefined ? null : fromRatio('_dd.prob_sr', [ratio], 'declared');
}

function fromRatio(name: string, texts: readonly string[], trust: WeightTrust): Weight {
  let ratio = 1;
  for (const text of texts) {
    const factor = numberIn(text, { min: Number.MIN_VALUE, max: 1 });
    if (factor === null) return invalid('sample_rate_invalid');
    ratio *= factor;
  }
  return ratio < 2 ** -56 ? invalid('sample_rate_invalid') : declare(name, 1 / ratio, trust);
}

function declare(name: string, weight: number, trust: WeightTrust = 'declared'): Weight {
  return { kind: 'attribute', key: `${name}=${weight}`, weight, trust };
}

function invalid(key: string): Weight {
  return { kind: 'invalid', key, weight: null, trust: 'unknown' };
}

function numberIn(text: string, { min, max }: { min: number; max: number }): number | null {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return value >= min && value <= max ? value : null;
}

function agree(left: number, right: number): boolean {
  return Math.abs(left - right) <= Math.max(ROUNDING, ROUNDING_RATIO * left);
}
