import type { DriftEpisode } from '../../core/drift-episode.ts';
import type { SystemView } from '../equal-load/system-view.ts';
import { automationBounds } from './intent-drift/automation-bounds.ts';
import { edgeDrift } from './intent-drift/edge-drift.ts';
import { groupDeviations } from './intent-drift/group-deviations.ts';
import { limitDrift } from './intent-drift/limit-drift.ts';
import { renamedInFile } from './intent-drift/renamed-edges.ts';
import { requestObjectives } from './intent-drift/request-objectives.ts';
import { settingDrift } from './intent-drift/setting-drift.ts';
import { workGrowth } from './intent-drift/work-growth.ts';

/**
 * What is, against what people intended: edges, settings, limits, capacity. A file that people wrote counts before an
 * announced change, and that before what was seen in the accepted period; what was already so then was accepted, and a
 * file that says otherwise is out of date.
 * @see drift.md 3.6
 */
export function detectIntentDrift(view: SystemView): DriftEpisode[] {
  const deviations = [
    ...edgeDrift(view),
    ...renamedInFile(view),
    ...settingDrift(view),
    ...limitDrift(view),
    ...automationBounds(view),
    ...requestObjectives(view),
    ...workGrowth(view),
  ];
  return groupDeviations(deviations, view.history);
}
