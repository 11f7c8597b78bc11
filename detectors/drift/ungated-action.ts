import type { DriftEpisode } from '../../core/drift-episode.ts';
import type { SystemView } from '../equal-load/system-view.ts';
import { groupUngated } from './ungated-action/group-ungated.ts';
import { silentEffects } from './ungated-action/silent-effects.ts';
import { ungatedActions } from './ungated-action/ungated-actions.ts';

/**
 * Actions that no gate allowed: recorded ones without a decision, and settings that moved without any record. Where
 * nobody says who must ask and no gate ever decided, there is nothing to hold an action against; and until the first
 * record of any kind, what left no record may have met nobody who keeps them.
 * @see drift.md 3.7
 */
export function detectUngatedAction(view: SystemView): DriftEpisode[] {
  const { actions, decisions, changes, intent } = view.history;
  if (!view.isFreezing && decisions.length === 0 && intent.gatedActors.length === 0) return [];
  const first = [actions, decisions, changes]
    .flat()
    .reduce((least, { minute }) => Math.min(least, minute), Number.POSITIVE_INFINITY);
  const isKeptBefore = view.frozen('records are kept', ({ untilMinute }) => first < untilMinute);
  const recordedFrom = isKeptBefore === true ? Number.NEGATIVE_INFINITY : first;
  const silent = silentEffects(view).filter(({ minute }) => minute >= recordedFrom);
  const events = [...ungatedActions(view), ...silent].sort((a, b) => a.minute - b.minute);
  return decisions.length === 0 && intent.gatedActors.length === 0 ? [] : groupUngated(events, view.history);
}
