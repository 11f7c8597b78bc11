import { it } from 'vitest';
import { slowClients } from './slow-clients.ts';

it('clients that dribble or say nothing end by themselves, and hold up nobody', async () => {
  await slowClients({ count: 5, dribbleMs: 50, headersMsMax: 600, bodyMsMax: 800, silentMsMax: 800 });
});
