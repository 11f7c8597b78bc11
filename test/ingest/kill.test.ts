import { it } from 'vitest';
import { randomFrom } from '../../core/random-from.ts';
import { killRounds } from './kill-rounds.ts';

it('25: kill -9 at random moments loses nothing and doubles nothing', async () => {
  await killRounds({ rounds: 3, random: randomFrom(20_260_101) });
}, 90_000);
