import { median } from 'simple-statistics';
import { segmentResiduals } from './segment-residuals.ts';

const STRENGTH_MIN = 0.6;
const PERIOD_MIN = 4;
const CYCLES_MIN = 4;

export interface Deseasoned {
  readonly values: number[];
  /** Samples per cycle, null where no season is strong enough to be taken out. */
  readonly period: number | null;
}

/**
 * Takes out the repeating profile (median of each phase after the moving average over one period), if the series has
 * one: the period is the peak of the autocorrelation, at least four cycles long in data, and the profile has to carry more than 0.6 of what is left beside the trend.
 * @see Wang, Smith and Hyndman 2006, doi:10.1007/s10618-005-0039-x (seasonal strength)
 */
export function removeSeason(values: readonly number[]): Deseasoned {
  const period = findPeriod(values);
  if (period === null) return { values: [...values], period: null };
  const off = awayFromTrend(values, period);
  const profile = Array.from({ length: period }, (_, phase) =>
    median(off.filter((value, i) => i % period === phase && !Number.isNaN(value))),
  );
  const level = profile.reduce((sum, value) => sum + value, 0) / period;
  const seasonal = (i: number) => (profile[i % period] as number) - level;
  const known = off.flatMap((value, i) =>
    Number.isNaN(value) ? [] : [{ value, left: value - seasonal(i) }],
  );
  const strength = 1 - squares(known.map(({ left }) => left)) / squares(known.map(({ value }) => value));
  if (!(strength > STRENGTH_MIN)) return { values: [...values], period: null };
  return { values: values.map((value, i) => value - seasonal(i)), period };
}

/**
 * The period with the largest autocorrelation: of the differences (sharp seasons on a trend), or of the values without
 * their straight trend after the first lag at which they are opposed (smooth seasons under noise).
 */
function findPeriod(values: readonly number[]): number | null {
  const differences = values.slice(1).map((value, i) => value - (values[i] as number));
  const detrended = segmentResiduals(values, [], 'linear');
  const longest = Math.floor(values.length / CYCLES_MIN);
  if (longest < PERIOD_MIN) return null;
  const smooth = autocorrelations(detrended, longest);
  const opposed = smooth.findIndex((correlation) => correlation < 0);
  const best = [
    peakOf(autocorrelations(differences, longest), PERIOD_MIN),
    ...(opposed < 0 ? [] : [peakOf(smooth, Math.max(PERIOD_MIN, opposed))]),
  ].reduce((a, b) => (b.correlation > a.correlation ? b : a));
  // Chance alone reaches about 2 / sqrt(n) at one lag; many lags were looked at.
  return best.correlation > Math.max(0.3, 4 / Math.sqrt(values.length)) ? best.lag : null;
}

function autocorrelations(values: readonly number[], longest: number): number[] {
  const total = squares(values);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Array.from({ length: longest + 1 }, (_, lag) => {
    let products = 0;
    for (let i = lag; i < values.length; i++) {
      products += ((values[i] as number) - mean) * ((values[i - lag] as number) - mean);
    }
    return total === 0 ? 0 : products / total;
  });
}

function peakOf(correlations: readonly number[], from: number): { lag: number; correlation: number } {
  let best = { lag: from, correlation: Number.NEGATIVE_INFINITY };
  for (let lag = from; lag < correlations.length; lag++) {
    const correlation = correlations[lag] as number;
    if (correlation > best.correlation) best = { lag, correlation };
  }
  return best;
}

/** Minus the moving average over one period (half weights at the ends of an even one); NaN where it does not reach. */
function awayFromTrend(values: readonly number[], period: number): number[] {
  const half = Math.floor(period / 2);
  const edge = period % 2 === 0 ? 0.5 : 1;
  return values.map((value, i) => {
    if (i < half || i + half >= values.length) return Number.NaN;
    let sum = 0;
    for (let k = -half; k <= half; k++) {
      sum += (values[i + k] as number) * (Math.abs(k) === half ? edge : 1);
    }
    return value - sum / period;
  });
}

function squares(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}
