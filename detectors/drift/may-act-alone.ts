import { matchGlob } from '../../core/glob.ts';
import type { AutomationIntent, RecordedAction } from '../../core/system-history.ts';

/** Whether an action is one that its actor may take without asking, as people wrote it; its bounds are another question. */
export function mayActAlone(
  { actor, identity, gate, standingKinds }: AutomationIntent,
  action: RecordedAction,
): boolean {
  if (action.actor !== actor && action.actor !== identity) return false;
  return gate === 'standing' || standingKinds.some((kind) => matchGlob(kind, action.kind));
}
