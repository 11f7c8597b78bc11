import { median, medianAbsoluteDeviation } from 'simple-statistics';

const WINDOW = 5;
const DEVIATIONS = 5;
const SPIKE_SAMPLES_MAX = 2;

/**
 * The series with excursions of one or two samples cut off at five deviations from the running median of five: one
 * such sample outweighs a hundred others in a sum of squares. What lasts longer is a change and stays. The deviation
 * is that of all samples from the running median; where most do not deviate at all, nothing is clipped.
 */
export function clipSpikes(values: readonly number[]): number[] {
  const half = (WINDOW - 1) / 2;
  const centre = values.map((_, i) => median(values.slice(Math.max(0, i - half), i + half + 1)));
  const off = values.map((value, i) => value - (centre[i] as number));
  const limit = off.length === 0 ? 0 : DEVIATIONS * 1.4826 * medianAbsoluteDeviation(off);
  const clipped = [...values];
  if (limit === 0) return clipped;
  for (let from = 0; from < off.length; from++) {
    if (Math.abs(off[from] as number) <= limit) continue;
    let to = from;
    while (to < off.length && Math.abs(off[to] as number) > limit) to++;
    if (to - from <= SPIKE_SAMPLES_MAX) {
      for (let i = from; i < to; i++) {
        clipped[i] = (centre[i] as number) + Math.sign(off[i] as number) * limit;
      }
    }
    from = to;
  }
  return clipped;
}
