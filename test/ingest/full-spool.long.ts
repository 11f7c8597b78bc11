import { it } from 'vitest';
import { fullSpool } from './full-spool.ts';

it('a large full spool refuses for the time being and recovers by itself', async () => {
  await fullSpool({ spoolBytesMax: 200_000_000, fullMs: 60_000 });
});
