import { it } from 'vitest';
import { failingStore } from './failing-store.ts';

it('a store that fails for 64 s, in every way it can: nothing acknowledged is lost or doubled', async () => {
  await failingStore({ msPerOutage: 8_000, pauseMs: 5 });
});
