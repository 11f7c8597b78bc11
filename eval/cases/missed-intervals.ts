import { sourceKey } from '../../core/source.ts';
import { estimateMissedIntervals } from '../../validators/structure/estimate-missed-intervals.ts';
import { NOW_MS, sourceOf } from '../simulators/checkout.ts';
import { simulateStreams } from '../simulators/simulated-streams.ts';
import type { CaseGroup } from './case.ts';
import { lossCases } from './observe-loss.ts';

const KEY = sourceKey(sourceOf('metrics'));
const SERIES = 6;
const KINDS = [
  { by: 'point', text: 'points, each alone' },
  { by: 'export', text: 'whole exports' },
] as const;

/** Points of series that are exported at an interval and did not come. */
export function missedIntervals(): CaseGroup {
  return {
    name: 'intervals',
    title: 'Lost share of metrics by missed intervals',
    coverage: KINDS.flatMap(({ by, text }) =>
      [1, 4].flatMap((writers) =>
        lossCases({
          check: 'Missed intervals',
          fault: `${text}, ${writers} × 10 s exports`,
          estimate: ({ ratio, seed }) => {
            const fleet = { loss: { ratio, by }, writers, series: SERIES, seed, endMs: NOW_MS };
            return estimateMissedIntervals([simulateStreams(fleet)], NOW_MS).get(KEY);
          },
        }),
      ),
    ),
    alarms: [],
  };
}
