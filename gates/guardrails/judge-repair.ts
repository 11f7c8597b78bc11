import type { IntentState } from '../intent-state.ts';
import type { RepairEffect } from './repair-effect.ts';

/**
 * The watched intent as it stood over the time before a repair, and over the second half of the time it was given.
 * Better is: met now, or surely fewer requests on the wrong side than before. Where either is not known, so is the
 * effect: a repair that silenced the telemetry has not helped.
 */
export function judgeRepair({ before, after }: { before: IntentState; after: IntentState }): RepairEffect {
  if (after.isMet === 'true') return 'better';
  if (after.wrong === null) return 'unknown';
  if (before.wrong !== null && after.wrong.upper < before.wrong.lower) return 'better';
  return after.isMet === 'false' || before.wrong !== null ? 'not-better' : 'unknown';
}
