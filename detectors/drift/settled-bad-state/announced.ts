import type { RecordedChange } from '../../../core/system-history.ts';
import { prefixMean } from '../../statistics/prefix-mean.ts';

/** A change takes effect over hours; until then nothing is held against the service. */
const GRACE_MINUTES = 180;
/** What is then seen for this long is what was announced. */
const LEVEL_MINUTES = 360;

/**
 * Residuals of a service with the changes that people announced for it taken into account: unknown while a change
 * takes effect, and from then on against the level it brought, where that is worse than the old one. What is not
 * announced (`expects` is null) explains nothing, and what gets worse later is not explained either.
 */
export function withoutAnnounced(residuals: Float64Array, changes: readonly RecordedChange[]): Float64Array {
  const announced = changes.filter(({ expects }) => expects !== null).sort((a, b) => a.minute - b.minute);
  if (announced.length === 0) return residuals;
  const known = prefixMean(residuals);
  const left = residuals.slice();
  for (const [i, { minute }] of announced.entries()) {
    const settled = minute + GRACE_MINUTES + LEVEL_MINUTES;
    const level = Math.max(0, known.mean(minute + GRACE_MINUTES, settled) || 0);
    const until = announced[i + 1]?.minute ?? residuals.length;
    for (let at = minute; at < Math.min(until, residuals.length); at++) {
      left[at] = at < settled ? Number.NaN : (residuals[at] as number) - level;
    }
  }
  return left;
}
