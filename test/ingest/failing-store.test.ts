import { it } from 'vitest';
import { failingStore } from './failing-store.ts';

it('a store that fails in every way it can: nothing acknowledged is lost or doubled', async () => {
  await failingStore({ msPerOutage: 400, pauseMs: 5 });
}, 60_000);
