import { expect, it } from 'vitest';
import { steadyLoad } from './steady-load.ts';

// Others do not tell what a process holds as /proc does.
it.runIf(process.platform === 'linux')(
  'ingest and engine stay below 1.2 GB under full load',
  async () => {
    const { samples, requests, refused } = await steadyLoad({ warmUpMs: 2_000, ms: 3_000 });
    expect(requests).toBeGreaterThan(50);
    expect(refused).toBe(0);
    expect(Math.max(...samples.map(({ ingest, engine }) => ingest.total + engine.total))).toBeLessThan(1.2e9);
  },
  60_000,
);
