import { it } from 'vitest';
import { randomFrom } from '../../core/random-from.ts';
import { killRounds } from './kill-rounds.ts';

it('25: kill -9 at random moments, fifty times, loses nothing and doubles nothing', async () => {
  await killRounds({ rounds: 50, random: randomFrom(7) });
});
