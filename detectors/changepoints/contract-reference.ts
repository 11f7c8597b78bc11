import { median, medianAbsoluteDeviation } from 'simple-statistics';
import { type ScoreMoments, WindowDeviations } from './window-deviation.ts';

export interface TimedValue {
  readonly atMs: number;
  /** null where the sample is missing. */
  readonly value: number | null;
}

/** What was accepted as normal, frozen: nothing seen later changes it. */
export interface ContractReference {
  /** Hours of the cycle that have a level of their own: 168 (week), 24 (day), or 1 where less was seen. */
  readonly hours: 1 | 24 | 168;
  readonly levels: readonly number[];
  readonly spreads: readonly number[];
  /** Of the scores of the reference itself; effectiveRatio: independent samples one is worth, (1 - phi) / (1 + phi). */
  readonly moments: ScoreMoments;
  /** In spreads: a mean that is off by no more is never evidence. */
  readonly tolerance: number;
  /** Largest z of any window within the reference. */
  readonly zMax: number;
  readonly stepMs: number;
  readonly sampleCount: number;
}

type Buckets = Pick<ContractReference, 'hours' | 'levels' | 'spreads'>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Fewer samples show neither a spread nor how they hang together. */
const SAMPLES_MIN = 48;
/** An hour's own level counts as much as the pooled one after this many samples. */
const SHRINK_SAMPLES = 20;
const SCORE_MAX = 4;
const PHI_MAX = 0.95;
const TOLERANCE = 0.5;

/**
 * Builds the reference of the contract channel from an explicitly accepted period; two weeks and 500 samples make a
 * good one. Level and spread (median, MAD) per hour of the week when it saw each hour twice, else of the day, else one
 * for all; each pulled towards the pooled value by n / (n + 20).
 * @param samples of a regular grid in time order, null where one is missing
 * @param of.tolerance the contract's own number, in spreads; by default half a spread
 * @returns null where nothing can be said: fewer than 48 samples, or most of them equal, so that no spread is known
 */
export function contractReference(
  samples: readonly TimedValue[],
  of: { readonly stepMs: number; readonly tolerance?: number },
): ContractReference | null {
  const known = samples.filter(isKnown);
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined || known.length < SAMPLES_MIN) return null;
  const level = median(known.map(({ value }) => value));
  const spread = 1.4826 * medianAbsoluteDeviation(known.map(({ value }) => value));
  if (!(spread > 0)) return null;
  const buckets = bucketsOf(known, hoursSeenTwice(last.atMs - first.atMs + of.stepMs), { level, spread });
  const scores = samples.map((sample) => (isKnown(sample) ? clippedScore(buckets, sample) : null));
  const moments = momentsOf(scores);
  const frozen = { moments, tolerance: of.tolerance ?? TOLERANCE, stepMs: of.stepMs };
  const deviations = new WindowDeviations(frozen);
  const zMax = scores.reduce<number>((most, score) => Math.max(most, deviations.push(score).z), 0);
  return { ...buckets, ...frozen, zMax, sampleCount: known.length };
}

/** How many spreads a sample is away from what the reference says of its hour. */
export function scoreOf(
  { hours, levels, spreads }: Buckets,
  sample: { atMs: number; value: number },
): number {
  const hour = hourOf(sample.atMs, hours);
  return (sample.value - (levels[hour] as number)) / (spreads[hour] as number);
}

/** At most 4 each way: one wild sample is no state. */
export function clippedScore(buckets: Buckets, sample: { atMs: number; value: number }): number {
  return Math.max(-SCORE_MAX, Math.min(SCORE_MAX, scoreOf(buckets, sample)));
}

export function isKnown(sample: TimedValue): sample is { atMs: number; value: number } {
  return sample.value !== null && Number.isFinite(sample.value);
}

function hoursSeenTwice(spanMs: number): 1 | 24 | 168 {
  if (spanMs >= 14 * DAY_MS) return 168;
  return spanMs >= 2 * DAY_MS ? 24 : 1;
}

function hourOf(atMs: number, hours: number): number {
  return Math.floor(atMs / HOUR_MS) % hours;
}

function bucketsOf(
  known: readonly { atMs: number; value: number }[],
  hours: 1 | 24 | 168,
  pooled: { readonly level: number; readonly spread: number },
): Buckets {
  const ofHour: number[][] = Array.from({ length: hours }, () => []);
  for (const { atMs, value } of known) (ofHour[hourOf(atMs, hours)] as number[]).push(value);
  const buckets = ofHour.map((values) => shrunken(values, pooled));
  return {
    hours,
    levels: buckets.map((bucket) => bucket.level),
    spreads: buckets.map((bucket) => bucket.spread),
  };
}

function shrunken(
  values: readonly number[],
  pooled: { readonly level: number; readonly spread: number },
): { level: number; spread: number } {
  if (values.length === 0) return pooled;
  const own = values.length / (values.length + SHRINK_SAMPLES);
  return {
    level: own * median([...values]) + (1 - own) * pooled.level,
    spread: own * 1.4826 * medianAbsoluteDeviation([...values]) + (1 - own) * pooled.spread,
  };
}

function momentsOf(scores: readonly (number | null)[]): ScoreMoments {
  const known = scores.filter((score) => score !== null);
  const mean = known.reduce((sum, score) => sum + score, 0) / known.length;
  let squares = 0;
  let products = 0;
  let before: number | null = null;
  for (const score of scores) {
    if (score !== null) squares += (score - mean) ** 2;
    if (score !== null && before !== null) products += (score - mean) * (before - mean);
    before = score;
  }
  const phi = Math.min(PHI_MAX, Math.max(0, products / squares));
  return {
    mean,
    deviation: Math.sqrt(squares / known.length),
    effectiveRatio: (1 - phi) / (1 + phi),
  };
}
