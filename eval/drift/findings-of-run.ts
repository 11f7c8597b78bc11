import type { DriftEpisode } from '../../core/drift-episode.ts';
import type { SystemHistory } from '../../core/system-history.ts';
import { detectDrift } from '../../detectors/detect-drift.ts';
import { type AcceptedPeriod, viewSystem } from '../../detectors/equal-load/system-view.ts';

/** Days 0 to 3 of every run were accepted by a person. */
const ACCEPTED = { fromMinute: 0, untilMinute: 5_760 };

export interface RunFinding {
  readonly kind: string;
  readonly subject: string;
  readonly detectedMinute: number;
  readonly closedMinute?: number;
}

/** What is found in a run. */
export function episodesOfRun(history: SystemHistory, accepted: AcceptedPeriod = ACCEPTED): DriftEpisode[] {
  return detectDrift(viewSystem(history, accepted));
}

/** The same in the form its scorer reads. */
export function findingsOfRun(history: SystemHistory): RunFinding[] {
  return episodesOfRun(history).map(({ kind, subject, detectedMinute, closedMinute }) => ({
    kind,
    subject,
    detectedMinute,
    ...(closedMinute === null ? {} : { closedMinute }),
  }));
}
