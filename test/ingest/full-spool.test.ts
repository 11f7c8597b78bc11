import { it } from 'vitest';
import { fullSpool } from './full-spool.ts';

it('a full spool refuses for the time being and recovers by itself', async () => {
  await fullSpool({ spoolBytesMax: 1_500_000, fullMs: 300 });
}, 60_000);
