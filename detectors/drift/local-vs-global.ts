import type { DriftEpisode } from '../../core/drift-episode.ts';
import type { SystemView } from '../equal-load/system-view.ts';

export function detectLocalVsGlobal(_view: SystemView): DriftEpisode[] {
  return [];
}
