import type { PrefixMean } from '../../statistics/prefix-mean.ts';

const HOUR = 60;
/** An hour's weight: the baseline forgets half in about a day, as adaptive detectors do. */
const WEIGHT = 0.03;
/** What such a detector would report. */
const SIGMAS = 3;

export interface AdaptiveBaseline {
  /** Share of the shift that a learning baseline already takes as normal. */
  readonly captureRatio: number;
  /** Did it stay silent over the last day? */
  readonly isSilent: boolean;
}

/**
 * What a baseline that learns would say at `untilMinute`: an exponentially weighted mean and variance of hourly
 * residuals. Shown as evidence of what hides a creep; it judges nothing here.
 * @param shift of now against the frozen reference, above 0
 */
export function adaptiveBaseline(
  residuals: PrefixMean,
  untilMinute: number,
  shift: number,
): AdaptiveBaseline {
  let mean = Number.NaN;
  let variance = 0;
  let isSilent = true;
  for (let minute = 0; minute + HOUR <= untilMinute; minute += HOUR) {
    const value = residuals.mean(minute, minute + HOUR);
    if (Number.isNaN(value)) continue;
    if (Number.isNaN(mean)) mean = value;
    const off = value - mean;
    if (minute >= untilMinute - 24 * HOUR && off > SIGMAS * Math.sqrt(variance)) isSilent = false;
    mean += WEIGHT * off;
    variance = (1 - WEIGHT) * (variance + WEIGHT * off * off);
  }
  return { captureRatio: Number.isNaN(mean) ? 0 : Math.min(1, Math.max(0, mean / shift)), isSilent };
}
