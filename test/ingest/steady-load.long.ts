import { expect, it } from 'vitest';
import { steadyLoad } from './steady-load.ts';

const MINUTE_MS = 60_000;

const median = (values: readonly number[]) =>
  [...values].sort((left, right) => left - right)[values.length >> 1] as number;

// Others do not tell what a process holds as /proc does.
it.runIf(process.platform === 'linux')(
  'ingest and engine stay below 1.2 GB for ten minutes of full load, and do not grow',
  async () => {
    const { samples, ...rest } = await steadyLoad({ warmUpMs: 2 * MINUTE_MS, ms: 10 * MINUTE_MS });
    const totals = samples.map(({ total }) => total);
    const third = Math.floor(samples.length / 3);
    const [first, last] = [median(totals.slice(0, third)), median(totals.slice(-third))];
    const anonymous = samples.map((sample) => sample.anonymous);
    console.log({
      ...rest,
      totalMax: Math.max(...totals),
      anonymousMax: Math.max(...anonymous),
      medianOfFirstThird: first,
      medianOfLastThird: last,
    });
    expect(rest.refused).toBe(0);
    expect(Math.max(...totals)).toBeLessThan(1.2e9);
    expect(last - first).toBeLessThan(0.05 * 1.2e9);
  },
);
