import { COVERAGE_MIN } from '../../equal-load/window-mean.ts';
import { STEP_MINUTES } from './ledger-entry.ts';

/**
 * Sums two series of a service by step over the minutes where both are known, scaled up to the whole step; NaN where
 * too few are.
 */
export function sumSteps(
  above: Float64Array,
  below: Float64Array,
): { readonly masked: Float64Array; readonly outOf: Float64Array } {
  const steps = Math.floor(Math.min(above.length, below.length) / STEP_MINUTES);
  const masked = new Float64Array(steps).fill(Number.NaN);
  const outOf = new Float64Array(steps).fill(Number.NaN);
  for (let step = 0; step < steps; step++) {
    let up = 0;
    let down = 0;
    let known = 0;
    for (let minute = step * STEP_MINUTES; minute < (step + 1) * STEP_MINUTES; minute++) {
      const a = above[minute] as number;
      const b = below[minute] as number;
      if (Number.isNaN(a + b)) continue;
      up += a;
      down += b;
      known++;
    }
    if (known < COVERAGE_MIN * STEP_MINUTES) continue;
    masked[step] = (up * STEP_MINUTES) / known;
    outOf[step] = (down * STEP_MINUTES) / known;
  }
  return { masked, outOf };
}
