import type { CaseGroup } from './case.ts';
import { counters } from './counters.ts';
import { graph } from './graph.ts';
import { healthyWeek } from './healthy-week.ts';
import { missedIntervals } from './missed-intervals.ts';
import { remoteOrphans } from './remote-orphans.ts';
import { sampling } from './sampling.ts';
import { time } from './time.ts';
import { vetoes } from './vetoes.ts';

/** All that `eval calibration` measures; a check of its own group is added here. */
export const GROUPS: readonly CaseGroup[] = [
  remoteOrphans(),
  counters(),
  graph(),
  missedIntervals(),
  time(),
  healthyWeek(),
  vetoes(),
  sampling(),
];
