import { it } from 'vitest';
import { slowClients } from './slow-clients.ts';

it('400 of each kind of slow client, with the patience of production', async () => {
  const served = await slowClients({
    count: 400,
    dribbleMs: 1_000,
    headersMsMax: 10_000,
    bodyMsMax: 30_000,
    silentMsMax: 60_000,
  });
  console.log('served meanwhile:', served);
});
