import { it } from 'vitest';
import { HOUR_MS, steppingClock } from './stepping-clock.ts';

it('a clock that steps back and forth by an hour changes nothing but the times of arrival, for minutes', async () => {
  await steppingClock({ stepsMs: [0, HOUR_MS, -HOUR_MS, HOUR_MS, 0], msPerStep: 20_000 });
});
