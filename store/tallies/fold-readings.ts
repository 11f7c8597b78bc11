import type { MetricFold } from '../../core/series-metrics.ts';
import { READING_GAP_MS_MAX } from './duration-readings.ts';

const MINUTE_MS = 60_000;

/** The last reading of each minute of one series, in order of time. */
export interface Readings {
  /** 0 a level, 1 deltas, 2 cumulative since its epoch. */
  readonly temporality: number;
  readonly minutesMs: readonly number[];
  readonly timesMs: readonly number[];
  readonly startsMs: readonly number[];
  readonly values: readonly number[];
}

/**
 * Readings of all series of a metric as one number a minute, NaN where they do not tell.
 * A level that a delta changes is not known: nobody says where it began. Of a gauge, `count` is its level: a cost per
 * minute is sent as a gauge too. Between readings further apart than the longest gap nobody knows when what was added
 * came; what a cumulative reading adds is scaled to a minute, as readings come at their own rhythm.
 */
export function foldReadings(
  series: readonly Readings[],
  fold: MetricFold,
  range: { readonly fromMs: number; readonly untilMs: number },
): Float64Array {
  const folded = new Float64Array((range.untilMs - range.fromMs) / MINUTE_MS).fill(Number.NaN);
  const counts = fold === 'mean' ? new Uint32Array(folded.length) : null;
  for (const readings of series) {
    for (let i = 0; i < readings.values.length; i++) {
      const minute = ((readings.minutesMs[i] as number) - range.fromMs) / MINUTE_MS;
      if (minute < 0) continue; // only there to be the one before
      const value = amountOf(readings, i, fold);
      if (Number.isNaN(value)) continue;
      const before = folded[minute] as number;
      const isFirst = Number.isNaN(before);
      folded[minute] = isFirst ? value : fold === 'max' ? Math.max(before, value) : before + value;
      if (counts !== null) counts[minute] = (counts[minute] as number) + 1;
    }
  }
  counts?.forEach((n, minute) => {
    if (n > 1) folded[minute] = (folded[minute] as number) / n;
  });
  return folded;
}

/** What one reading adds to its minute. */
function amountOf({ temporality, timesMs, startsMs, values }: Readings, i: number, fold: MetricFold): number {
  const value = values[i] as number;
  const hasBefore = i > 0 && temporality !== 1;
  const before = hasBefore ? (values[i - 1] as number) : Number.NaN;
  if (fold === 'rises') return Math.max(0, value - before);
  if (fold !== 'count' && fold !== 'grown') return temporality === 1 ? Number.NaN : value;
  if (fold === 'count' && temporality === 0) return value;
  // Of what a proxy says to have begun at its last flush, the first reading is no number of that flush.
  if (fold === 'grown' && !hasBefore && temporality !== 1) return Number.NaN;
  const startMs = startsMs[i] as number;
  const beginMs = hasBefore ? (timesMs[i - 1] as number) : startMs;
  const intervalMs = (timesMs[i] as number) - beginMs;
  const isDeltaWithoutStart = temporality === 1 && startMs === 0;
  if (!isDeltaWithoutStart && !(intervalMs > 0 && intervalMs <= READING_GAP_MS_MAX)) return Number.NaN;
  if (!hasBefore) return value;
  return ((value < before ? value : value - before) * MINUTE_MS) / intervalMs;
}
