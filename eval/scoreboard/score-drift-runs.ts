import { type DriftRuns, scoreDrift } from '../drift/score-drift.ts';
import { atLeast, atMost, type Score } from './score.ts';

/** Recall that a scenario must reach where 0.95 is beyond what two weeks can show. */
const RECALL: Readonly<Record<string, number>> = { boiling_frog: 0.75 };
const RECALL_ELSE = 0.95;

/** Scenarios of the simulator with all signals, against the truth of each run. */
export async function scoreDriftRuns(runs: Omit<DriftRuns, 'signals' | 'isWanted'>): Promise<Score[]> {
  const summary = await scoreDrift({ ...runs, signals: 'full', isWanted: () => true });
  const { perScenario, healthy } = summary;
  return [
    ...Object.entries(perScenario).map(([scenario, { recall }]) =>
      atLeast(`drift, ${scenario}: recall`, RECALL[scenario] ?? RECALL_ELSE, recall),
    ),
    ...Object.entries(perScenario).map(([scenario, { medianDelayMinutes }]) => ({
      measure: `drift, ${scenario}: median delay`,
      goal: '',
      measured: medianDelayMinutes === null ? 'none' : `${medianDelayMinutes} min`,
      isMet: true,
    })),
    atLeast('drift: culprit or loop named, of hits', 0.85, summary.named),
    atMost(
      'drift: false episodes per service-week, healthy variants',
      0.05,
      summary.falsePerServiceWeekHealthy,
    ),
    atMost('drift: the same, healthy_base', 0.02, healthy['healthy_base'] ?? null),
    atMost('drift: the same, before the onset of faulty runs', 0.05, summary.falsePerServiceWeekBeforeOnset),
  ];
}
