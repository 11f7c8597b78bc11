import { expect } from 'vitest';
import type { DriftEpisode } from '../../../core/drift-episode.ts';
import type { SystemHistory } from '../../../core/system-history.ts';
import { type SystemView, viewSystem } from '../../../detectors/equal-load/system-view.ts';
import { cutHistory } from './cut-history.ts';
import { ACCEPTED } from './make-history-settings.ts';

/** What is said by a minute is the same whether or not the history goes on. */
export function expectCausal(
  detect: (view: SystemView) => DriftEpisode[],
  history: SystemHistory,
  cuts: readonly number[],
): void {
  const whole = detect(viewSystem(history, ACCEPTED));
  expect(whole.length).toBeGreaterThan(0);
  for (const cut of cuts) {
    const said = detect(viewSystem(cutHistory(history, cut), ACCEPTED));
    const known = (at: number | null) => (at !== null && at < cut ? at : null);
    const asKnown = (episodes: readonly DriftEpisode[]) =>
      episodes
        .filter(({ detectedMinute }) => detectedMinute < cut)
        .map(({ subject, culprit, onsetMinute, detectedMinute, confirmedMinute, closedMinute, effect }) => ({
          subject,
          culprit,
          onsetMinute,
          detectedMinute,
          confirmedMinute: known(confirmedMinute),
          closedMinute: known(closedMinute),
          ratio: effect.ratio,
        }));
    expect(asKnown(said), `cut at minute ${cut}`).toEqual(asKnown(whole));
  }
}
