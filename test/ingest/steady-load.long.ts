import { expect, it } from 'vitest';
import { steadyLoad } from './steady-load.ts';

const MINUTE_MS = 60_000;
/** Parts that a merge replaced are kept for eight minutes, in memory too: until then what the engine holds grows. */
const WARM_UP_MS = 9 * MINUTE_MS;
/** Of what no kernel can take back. */
const ANONYMOUS_BYTES_MAX = 1.2e9;
/** With the code of both programs; without the spool's file, whose pages are cache. Peaks of a second may be higher. */
const RESIDENT_BYTES_USUAL = 1.35e9;
/** Four batches of each signal may wait, 256,000 items of 530 bytes each; the file never shrinks. */
const SPOOL_BYTES_MAX = 3 * 4 * 256_000 * 530;

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
    const { samples, ...rest } = await steadyLoad({ warmUpMs: WARM_UP_MS, ms: 10 * MINUTE_MS });
    const resident = samples.map(
      ({ ingest, engine, spoolBytes }) => ingest.total + engine.total - spoolBytes,
    );
    const spool = samples.map(({ spoolBytes }) => spoolBytes);
    const held = samples.map(({ ingest, engine }) => ingest.anonymous + engine.anonymous);
    console.log({
      ...rest,
      held: summary(held),
      resident: summary(resident),
      spool: summary(spool),
      ingest: summary(samples.map(({ ingest }) => ingest.total)),
      ingestAnonymous: summary(samples.map(({ ingest }) => ingest.anonymous)),
      engine: summary(samples.map(({ engine }) => engine.total)),
      engineAnonymous: summary(samples.map(({ engine }) => engine.anonymous)),
    });
    expect(rest.refused).toBe(0);
    expect(Math.max(...held)).toBeLessThan(ANONYMOUS_BYTES_MAX);
    expect(median(resident)).toBeLessThan(RESIDENT_BYTES_USUAL);
    expect(Math.max(...spool)).toBeLessThan(SPOOL_BYTES_MAX);
    const third = Math.floor(samples.length / 3);
    expect(median(held.slice(-third)) - median(held.slice(0, third))).toBeLessThan(
      0.05 * ANONYMOUS_BYTES_MAX,
    );
  },
);
