/** How long the overload lasts that pushes checkout over the edge. */
export const TRIGGER_MS = 8_000;

export interface Strain {
  readonly extraMs: number;
  readonly failRatio: number;
}

const HEALTHY: Strain = { extraMs: 0, failRatio: 0 };
/** While the overload lasts: requests queue, and many give up. */
const OVERLOADED: Strain = { extraMs: 700, failRatio: 0.3 };
/** Afterwards load is normal, but retries eat the capacity that recovery would need: it stays like this. */
const STABILISED_BAD: Strain = { extraMs: 350, failRatio: 0.08 };

/**
 * A metastable failure: a short trigger, and a bad state that outlives it until somebody steps in.
 * @see Huang et al. 2022, OSDI '22, "Metastable Failures in the Wild"
 * @param stuckSinceMs when the fault was switched on, null while it is off
 */
export function strain(stuckSinceMs: number | null, nowMs: number): Strain {
  if (stuckSinceMs === null) return HEALTHY;
  return nowMs - stuckSinceMs < TRIGGER_MS ? OVERLOADED : STABILISED_BAD;
}
