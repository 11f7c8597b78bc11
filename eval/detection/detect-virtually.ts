import { liveThrough, ticksUntil } from '../engine/live-through.ts';
import { virtualStartMs, withEngine } from '../engine/with-engine.ts';
import { drawFrom } from '../traffic/draw.ts';
import { makeTraffic } from '../traffic/make-traffic.ts';
import { smallShop } from '../traffic/small-shop.ts';
import type { Scenario } from './scenarios.ts';
import { type Detection, Watch } from './watch.ts';

export const SPANS_PER_SECOND = 100;
/** Nothing passes at 1 % on fewer than 540 batches, where a callee is shared. */
export const WARM_UP_MS = 600_000;
/** Watched for so long after what was promised. */
const SPARE_MS = 30_000;
const TICK_MS = 1_000;

/** One scenario with the seeds 1 to `runs`, all at once in virtual time, with the real settling and judge. */
export async function detectVirtually(scenario: Scenario, runs: number): Promise<Detection[]> {
  const startMs = virtualStartMs();
  const faultMs = startMs + WARM_UP_MS;
  const { prefix, exportMs, limits, signal, dimension, withinMs } = scenario;
  const fleet = smallShop({ prefix, spansPerSecond: SPANS_PER_SECOND, exportMs });
  const serviceName = `${prefix}checkout`;
  const lives = Array.from({ length: runs }, (_, index) => ({
    traffic: makeTraffic(fleet, { seed: index + 1, tenant: `run-${index}`, startMs }),
    faults: [scenario.faultOf({ serviceName, signal, fromMs: faultMs }, drawFrom(index + 1))],
  }));
  const watches = lives.map(
    (_, index) => new Watch(scenario, faultMs, ({ source }) => source.tenant === `run-${index}`),
  );
  await withEngine((client) =>
    liveThrough(client, lives, {
      ticksMs: [
        ...ticksUntil(startMs, faultMs, 30_000),
        ...ticksUntil(faultMs, faultMs + withinMs + SPARE_MS, TICK_MS),
      ],
      expectations:
        limits === undefined
          ? []
          : [
              {
                constraint: 'eval',
                serviceName,
                signal,
                limits: { [dimension]: limits },
                latenessQuantile: 0.99,
                counter: null,
              },
            ],
      see: (verdicts, nowMs) => {
        for (const watch of watches) watch.see(verdicts, nowMs);
      },
    }),
  );
  return watches.map((watch) => watch.detection());
}
