import { afterAll, beforeAll, expect, it } from 'vitest';
import { SCENARIOS, type Scenario } from '../../eval/detection/scenarios.ts';
import { Watch } from '../../eval/detection/watch.ts';
import { AlarmCounter } from '../../eval/engine/count-alarms.ts';
import { liveThrough, ticksUntil } from '../../eval/engine/live-through.ts';
import { virtualStartMs } from '../../eval/engine/with-engine.ts';
import { drawFrom } from '../../eval/traffic/draw.ts';
import { makeTraffic } from '../../eval/traffic/make-traffic.ts';
import { smallShop } from '../../eval/traffic/small-shop.ts';
import { startTestEngine, type TestEngine } from '../engine-process.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine({ migrate: true });
});
afterAll(() => engine.close());

it('finds a service that loses its exports, blames nobody else, and fails nobody in a healthy shop', async () => {
  const startMs = virtualStartMs();
  // Five minutes of 1 s exports are enough to pass at 2 %.
  const faultMs = startMs + 300_000;
  const expectation = {
    constraint: 'test',
    serviceName: 'lose20-checkout',
    signal: 'traces',
    limits: { completeness: { warn: 0.02, fail: 0.05 } },
    latenessQuantile: 0.99,
    counter: null,
  } as const;
  const scenario = SCENARIOS.find(({ prefix }) => prefix === 'lose20-') as Scenario;
  const fleet = smallShop({ prefix: scenario.prefix, spansPerSecond: 36, exportMs: 1_000 });
  const [ill, well] = [1, 2].map((seed) => makeTraffic(fleet, { seed, tenant: `run-${seed}`, startMs }));
  const where = { serviceName: 'lose20-checkout', fromMs: faultMs };
  const watch = new Watch(scenario, faultMs, ({ source }) => source.tenant === 'run-1');
  const alarms = new AlarmCounter();
  await liveThrough(
    engine.client,
    [
      { traffic: ill as NonNullable<typeof ill>, faults: [scenario.faultOf(where, drawFrom(1))] },
      { traffic: well as NonNullable<typeof well>, faults: [] },
    ],
    {
      ticksMs: [
        ...ticksUntil(startMs, faultMs, 60_000),
        ...ticksUntil(faultMs, faultMs + scenario.withinMs, 10_000),
      ],
      expectations: [expectation],
      see: (verdicts, nowMs) => {
        watch.see(verdicts, nowMs);
        alarms.see(verdicts.filter(({ source }) => source.tenant === 'run-2'));
      },
    },
  );
  const { afterMs, passedBefore, neighbourFails } = watch.detection();
  expect(passedBefore).toBe(true);
  expect(afterMs).toBeLessThanOrEqual(scenario.withinMs);
  expect(afterMs).toBeGreaterThan(0);
  expect(neighbourFails).toBe(0);
  const counts = alarms.counts({ condition: 'healthy', exposure: 'short', failRatioMax: 0 });
  const completeness = counts.find(({ check }) => check === 'completeness');
  expect(completeness?.verdicts).toBeGreaterThan(40);
  expect(completeness?.passes).toBeGreaterThan(5);
  expect(counts.map(({ check }) => check).toSorted()).toEqual([
    'completeness',
    'sampling',
    'structure',
    'timeliness',
  ]);
  expect(counts.map(({ check, fails }) => [check, fails])).toEqual(counts.map(({ check }) => [check, 0]));
}, 120_000);
