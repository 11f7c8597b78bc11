import { it } from 'vitest';
import { HOUR_MS, steppingClock } from './stepping-clock.ts';

it('a clock that steps back and forth by an hour changes nothing but the times of arrival', async () => {
  await steppingClock({ stepsMs: [HOUR_MS, -HOUR_MS], msPerStep: 200 });
}, 150_000);
