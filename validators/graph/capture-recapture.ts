import type { Interval } from '../../core/interval.ts';
import { normalQuantile } from '../../core/normal-quantile.ts';

/** Two lists of the same calls, the callers' and the callees', and how many are on both. */
export interface TwoLists {
  readonly callers: number;
  readonly callees: number;
  readonly pairs: number;
}

export interface CaptureRecapture {
  /** Of the callers' spans: what the callees' list has and theirs has not. */
  readonly callersLostRatio: number;
  readonly calleesLostRatio: number;
  /** How many calls there were: Chapman's estimate, never fewer than were seen. */
  readonly total: Interval;
  readonly meaning: 'independent part, lower bound';
}

/**
 * How many calls there were, from how many each side saw and how many both did, as for fish in a pond. Holds where
 * the sides lose independently. What vanished on both at once is in neither list: with 5 % lost in common the total
 * comes out 5 % low while each side's own ratio stays right, so this is always the independent part, a lower bound.
 * @returns null where no pair is known
 * @see Chapman 1951, Univ. Calif. Publ. Stat. 1, 131-160; Seber 1970, Biometrics 26, 13-22 (variance); quality.md C7
 */
export function captureRecapture(
  { callers, callees, pairs }: TwoLists,
  tail = 0.025,
): CaptureRecapture | null {
  if (pairs === 0) return null;
  if (pairs > Math.min(callers, callees)) {
    throw new RangeError(
      `captureRecapture needs pairs on both lists, got ${pairs} of ${callers} and ${callees}`,
    );
  }
  const estimate = ((callers + 1) * (callees + 1)) / (pairs + 1) - 1;
  const variance =
    ((callers + 1) * (callees + 1) * (callers - pairs) * (callees - pairs)) /
    ((pairs + 1) ** 2 * (pairs + 2));
  const half = normalQuantile(1 - tail) * Math.sqrt(variance);
  const seen = callers + callees - pairs;
  return {
    callersLostRatio: 1 - pairs / callees,
    calleesLostRatio: 1 - pairs / callers,
    total: { estimate, lower: Math.max(seen, estimate - half), upper: Math.max(seen, estimate + half) },
    meaning: 'independent part, lower bound',
  };
}
