import { expect, it } from 'vitest';
import { steadyLoad } from './steady-load.ts';

const MINUTE_MS = 60_000;
/** Of what no kernel can take back: beside it stand the engine's code and the pages of the spool's file, as cache. */
const ANONYMOUS_BYTES_MAX = 1.2e9;
/** With both; peaks of a second may be higher. */
const RESIDENT_BYTES_USUAL = 1.2e9;

const median = (values: readonly number[]) =>
  [...values].sort((left, right) => left - right)[values.length >> 1] as number;

/** In megabytes: at most, and the medians of the first, second and last third. */
function summary(values: readonly number[]): number[] {
  const third = Math.floor(values.length / 3);
  const thirds = [0, 1, 2].map((index) => median(values.slice(index * third, (index + 1) * third)));
  return [Math.max(...values), ...thirds].map((bytes) => Math.round(bytes / 1e6));
}

// Others do not tell what a process holds as /proc does.
it.runIf(process.platform === 'linux')(
  'ingest and engine hold less than 1.2 GB for ten minutes of full load, and do not grow',
  async () => {
    const { samples, ...rest } = await steadyLoad({ warmUpMs: 2 * MINUTE_MS, ms: 10 * MINUTE_MS });
    const resident = samples.map(({ ingest, engine }) => ingest.total + engine.total);
    const held = samples.map(({ ingest, engine }) => ingest.anonymous + engine.anonymous);
    console.log({
      ...rest,
      held: summary(held),
      resident: summary(resident),
      ingest: summary(samples.map(({ ingest }) => ingest.total)),
      ingestAnonymous: summary(samples.map(({ ingest }) => ingest.anonymous)),
      engine: summary(samples.map(({ engine }) => engine.total)),
      engineAnonymous: summary(samples.map(({ engine }) => engine.anonymous)),
    });
    expect(rest.refused).toBe(0);
    expect(Math.max(...held)).toBeLessThan(ANONYMOUS_BYTES_MAX);
    expect(median(resident)).toBeLessThan(RESIDENT_BYTES_USUAL);
    const third = Math.floor(samples.length / 3);
    expect(median(held.slice(-third)) - median(held.slice(0, third))).toBeLessThan(
      0.05 * ANONYMOUS_BYTES_MAX,
    );
  },
);
