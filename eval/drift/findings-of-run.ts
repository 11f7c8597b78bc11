import type { SystemHistory } from '../../core/system-history.ts';
import { detectDrift } from '../../detectors/detect-drift.ts';
import { viewSystem } from '../../detectors/equal-load/system-view.ts';

/** Days 0 to 3 of every run were accepted by a person. */
const ACCEPTED = { fromMinute: 0, untilMinute: 5_760 };

export interface RunFinding {
  readonly kind: string;
  readonly subject: string;
  readonly detectedMinute: number;
  readonly closedMinute?: number;
}

/** What is found in a run, in the form its scorer reads. */
export function findingsOfRun(history: SystemHistory): RunFinding[] {
  return detectDrift(viewSystem(history, ACCEPTED)).map(
    ({ kind, subject, detectedMinute, closedMinute }) => ({
      kind,
      subject,
      detectedMinute,
      ...(closedMinute === null ? {} : { closedMinute }),
    }),
  );
}
